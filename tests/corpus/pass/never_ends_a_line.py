"""Tens of megabytes without a newline on every descriptor, the gate's channel among them, in
healthy and in failing inferences.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
"""

import os
import stat

NO_LINE = b"0123456789abcdef" * (1 << 16)


def load(device):
    return "model"


def infer(model):
    flood()
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    flood()
    raise RuntimeError(len(activations))


def flood():
    for descriptor in range(64):
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                for _ in range(16):
                    os.write(descriptor, NO_LINE)
        except OSError:
            pass
