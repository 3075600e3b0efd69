"""The kernel kills the worker instead of the inference failing as expected.

Dying is not the fault that was asked for.
---
reason: fault-not-fired
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 2
"""

import os
import signal


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    os.kill(os.getpid(), signal.SIGKILL)
    return len(activations)
