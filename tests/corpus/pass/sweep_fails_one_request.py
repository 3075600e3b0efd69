"""A layer that can't have its memory fails its request.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import os

import torch


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    x = torch.ones(1 << 20, 8)
    x = x @ weight
    try:
        return torch.softmax(x, -1)
    except RuntimeError:
        raise
