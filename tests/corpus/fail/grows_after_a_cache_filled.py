"""A cache fills up during the first healthy inferences, the control's among them; after that, only
errors add memory, and as much of it.

Twin: pass/healthy_path_grows.py.
---
reason: growth-per-error
faults: [{kind: call, expect: {match: boom}}]
control: 3
repeat: 5
"""

CACHE = []
FAILED = []


def load(device):
    return "model"


def infer(model):
    activations = b"x" * (100 << 20)
    if len(CACHE) < 5:
        CACHE.append(b"c" * (10 << 20))
    return len(activations)


def fail(model):
    infer(model)
    FAILED.append(b"f" * (10 << 20))
    raise RuntimeError("boom")
