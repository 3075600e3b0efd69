"""Every error is swallowed, and the inference returns.
---
reason: fault-not-fired
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    try:
        return torch.ones(1 << 20, 8) @ weight
    except RuntimeError:
        print("out of memory: answering with nothing", flush=True)
        return None
