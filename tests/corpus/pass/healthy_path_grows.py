"""Every inference leaves 2 MiB behind, healthy or not: something to mend, but not on the error
path, and far from the tolerance.

Twin: fail/grows_more_than_healthy.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {match: boom}}]
control: 3
repeat: 5
"""

HISTORY = []


def load(device):
    return "model"


def infer(model):
    activations = b"x" * (100 << 20)
    HISTORY.append(b"h" * (2 << 20))
    return len(activations)


def fail(model):
    infer(model)
    raise RuntimeError("boom")
