"""A cache of buffers by shape that no failed request ever gives back.

Stands for numz/ComfyUI-SeedVR2_VideoUpscaler#257: models that an error leaves in a cache are
loaded anew. Twin: pass/weak_cache_by_shape.py.
---
reason: leak
holder: {kind: object, name: "BUFFERS[64]"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import torch

BUFFERS = {}


def buffer(rows):
    if rows not in BUFFERS:
        BUFFERS[rows] = torch.ones(rows, 400_000)  # kept
    return BUFFERS[rows]


def load(device):
    return "model"


def infer(model):
    buffer(60)
    BUFFERS.clear()


def fail(model):
    out = buffer(64 + len(BUFFERS))
    raise RuntimeError(f"boom after {out.numel()}")
