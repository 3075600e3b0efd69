"""A typo in the scenario raises, too; it is not the error that was to be tested.
---
reason: fault-not-fired
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
"""


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    raise RuntimeError(activatoins)
