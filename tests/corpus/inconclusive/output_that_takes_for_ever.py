"""Output on which the expected pattern would be searched for ever: the search has a deadline.
---
reason: fault-not-fired
faults: [{kind: call, expect: {output: "^(a|a)+b"}}]
repeat: 1
"""


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    print("a" * 60)
    raise RuntimeError(len(activations))
