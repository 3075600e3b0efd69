"""A request's cache is taken out of the context variable whatever happens.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import contextvars

import torch

CACHE = contextvars.ContextVar("cache", default=None)


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    x = torch.ones(1 << 20, 8)
    token = CACHE.set(x @ weight)
    try:
        return CACHE.get() @ weight
    finally:
        CACHE.reset(token)
