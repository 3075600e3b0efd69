"""Every inference leaves 2 MiB behind, and each that fails leaves 6 MiB more.

Twin: pass/healthy_path_grows.py.
---
reason: growth-per-error
faults: [{kind: call, expect: {match: boom}}]
control: 3
repeat: 5
"""

HISTORY = []
FAILED = []


def load(device):
    return "model"


def infer(model):
    activations = b"x" * (100 << 20)
    HISTORY.append(b"h" * (2 << 20))
    return len(activations)


def fail(model):
    infer(model)
    FAILED.append(b"f" * (6 << 20))
    raise RuntimeError("boom")
