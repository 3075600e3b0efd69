"""The cache holds its buffers weakly: what nobody uses goes. Twin of fail/strong_cache_by_shape.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import weakref

import torch

BUFFERS = weakref.WeakValueDictionary()


def buffer(rows):
    found = BUFFERS.get(rows)
    if found is None:
        found = BUFFERS[rows] = torch.ones(rows, 400_000)
    return found


def load(device):
    return "model"


def infer(model):
    buffer(60)


def fail(model):
    out = buffer(64 + len(BUFFERS))
    raise RuntimeError(f"boom after {out.numel()}")
