"""A request's cache is put into a context variable, and taken out again where all went well.

Stands for sgl-project/sglang#951: memory that a failed request had isn't returned. Twin: pass/sweep_context_reset.py.
---
reason: leak
point: "result = CACHE.get() @ weight"
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
    result = CACHE.get() @ weight
    CACHE.reset(token)
    return result
