"""The worker crashes in native code instead of failing as expected.

Dying is not the fault that was asked for.
---
reason: fault-not-fired
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 2
"""

import ctypes


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    ctypes.string_at(0)
    return len(activations)
