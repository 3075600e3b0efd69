"""The config accepts that compiled code is swept as it runs eagerly.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [{kind: oom-sweep, eager: true}]
"""

import torch
from torch import nn


def load(device):
    return torch.compile(nn.Linear(8, 8), backend="eager")


@torch.inference_mode()
def infer(model):
    return model(torch.ones(1 << 20, 8))
