"""A hook that collects activations for one request is removed whatever happens.
---
reason: returned-to-baseline
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
    try:
        return model(torch.ones(1 << 20, 8))
    finally:
        handle.remove()
