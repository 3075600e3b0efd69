"""A cache that keeps nothing alive: who used it last lets go, on an error too.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import weakref

import torch

MASKS = weakref.WeakValueDictionary()


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    mask = MASKS.get("mask")
    if mask is None:
        mask = MASKS["mask"] = torch.ones(1 << 20, 8)
    return torch.softmax(mask @ weight, -1)
