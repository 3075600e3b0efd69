"""Every healthy inference keeps 40 MiB: what the error path adds can't be told from that.
---
reason: unsteady-control
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
control: 3
settle: {timeout: 2s}
"""

HISTORY = []


def load(device):
    return "model"


def infer(model):
    HISTORY.append(b"x" * (40 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    raise RuntimeError(len(activations))
