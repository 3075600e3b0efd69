"""A hook that collects activations for one request is removed where all went well.

Stands for pytorch/pytorch#82218: an error leaves intermediates alive. Twin: pass/sweep_hook_removed.py.
---
reason: leak
point: "result = model(torch.ones(1 << 20, 8))"
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch
from torch import nn


def load(device):
    return nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))


@torch.inference_mode()
def infer(model):
    seen = []
    handle = model[0].register_forward_hook(lambda *parts: seen.append(parts[-1]))
    result = model(torch.ones(1 << 20, 8))
    handle.remove()
    return result
