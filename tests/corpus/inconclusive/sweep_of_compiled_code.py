"""Compiled code asks for memory past the operators that can be made to fail.
---
reason: fault-not-fired
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch
from torch import nn


def load(device):
    return torch.compile(nn.Linear(8, 8), backend="eager")


@torch.inference_mode()
def infer(model):
    return model(torch.ones(1 << 20, 8))
