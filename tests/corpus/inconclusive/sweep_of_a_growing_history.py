"""Every request, healthy or not, is kept for good: as many of them are no error's doing.
---
reason: unsteady-control
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch

HISTORY = []


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    HISTORY.append(torch.ones(1 << 16, 8))
    x = torch.ones(1 << 20, 8)
    for _ in range(4):
        x = x @ weight
        x = x + 1
        x = x * 2
    return x
