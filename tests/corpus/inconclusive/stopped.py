"""The worker is stopped in the middle of its error path: it neither fails nor ends.
---
reason: fault-timeout
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
workload: {kind: python, file: "{file}", timeouts: {infer: 2s}}
"""

import os
import signal


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    os.kill(os.getpid(), signal.SIGSTOP)
    raise RuntimeError(len(activations))
