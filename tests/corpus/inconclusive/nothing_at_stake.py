"""The error comes before anything was allocated: even keeping all of it would pass.
---
reason: nothing-at-stake
faults: [{kind: call, expect: {exception: ValueError, match: empty prompt}}]
repeat: 2
"""


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    raise ValueError("empty prompt")
