"""Torch runs out of memory for real, and the failed batch goes. Twin of fail/torch_tensor_kept.py.
---
reason: returned-to-baseline
faults: [{kind: oom, expect: {exception: RuntimeError, match: allocate memory}}]
repeat: 3
"""

import torch


def load(device):
    return torch.nn.Linear(512, 512)


def infer(model, size=1):
    batch = torch.ones(96 << 20, dtype=torch.uint8)
    torch.zeros(size, 128 << 20, dtype=torch.uint8).add_(1)
    return batch
