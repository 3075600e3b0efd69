"""Each request does other things than the one whose points were counted.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import itertools

import torch

TURNS = itertools.count()


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    x = torch.ones(1 << 20, 8)
    if next(TURNS) % 2:
        x = x + 1
        x = torch.softmax(x, -1)
    return x @ weight
