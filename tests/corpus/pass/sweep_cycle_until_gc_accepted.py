"""The same cycle, which the config accepts.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
held_until_gc: accept
"""

import torch


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    x = torch.ones(1 << 20, 8)
    try:
        return x @ weight
    except RuntimeError as error:
        kept = error
        raise kept
