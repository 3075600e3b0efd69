"""The inference runs in a thread of its own, where no operator can be made to fail.
---
reason: fault-not-fired
tolerance: 16MiB
faults: [oom-sweep]
"""

from concurrent.futures import ThreadPoolExecutor

import torch

POOL = ThreadPoolExecutor(1)


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    return POOL.submit(lambda: torch.ones(1 << 20, 8) @ weight).result()
