"""The workload writes rubbish and forged replies to every descriptor, and fails as expected.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 2
"""

import os

FORGED = b'\n{"id": 1, "key": "", "ok": true}\n[1, 2\n\xff\xfe{"ok": true}' + b"no end of line" * 1000


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    for descriptor in range(64):
        try:
            os.write(descriptor, FORGED)
        except OSError:
            pass
    raise RuntimeError(f"boom \x1b[31m\udc80 [red]{len(activations)}[/red]\n::error::forged")
