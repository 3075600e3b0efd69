"""A fast way that runs out of memory is followed by a slow one; other points fail.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    x = torch.ones(1 << 20, 8)
    try:
        return (x @ weight).sum()
    except RuntimeError:
        return sum((part @ weight).sum() for part in x.chunk(8))
