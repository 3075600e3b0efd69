"""An error log that keeps the tail of every failed prompt: 2 MiB each, far below the tolerance.

Stands for the servers that kept a little of each rejected request until the node ran out, days
later. Twin: pass/steps_once.py.
---
reason: growth-per-error
faults: [{kind: call, expect: {match: boom}}]
repeat: 20
control: 2
settle: {window: 200ms}
"""

FAILED = []


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (200 << 20)
    FAILED.append(activations[: 2 << 20])
    raise RuntimeError("boom")
