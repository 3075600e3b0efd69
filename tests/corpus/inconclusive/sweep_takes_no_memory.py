"""Every operator of the inference writes into memory that is there already.
---
reason: nothing-at-stake
tolerance: 16MiB
faults: [oom-sweep]
min_at_stake: 0B
"""

import torch


def load(device):
    return torch.ones(1 << 10, 8)


def infer(weights):
    weights.mul_(1.0).view(-1)[:8].add_(0.0)
