"""The inference meets the failed allocation, says nothing and returns.
---
reason: fault-not-fired
faults: [oom]
repeat: 1
"""


def load(device):
    return "model"


def infer(model, size=1):
    try:
        return len(b"x" * ((100 << 20) * size))
    except MemoryError:
        return 0
