"""The function to raise in isn't there: nothing was tested.
---
reason: fault-not-fired
tolerance: 16MiB
faults: [{kind: exception, in_function: engine.nowhere}]
repeat: 1
"""

def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))
