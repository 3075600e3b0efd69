"""The inference doesn't use torch: there is no point at which it could fail.
---
reason: nothing-at-stake
tolerance: 16MiB
faults: [oom-sweep]
"""

def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))
