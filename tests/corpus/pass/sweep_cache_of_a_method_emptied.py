"""The cache of the method is emptied whatever happens.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import functools

import torch


class Engine:
    def __init__(self):
        self.weight = torch.ones(8, 8)
        self.requests = 0

    @functools.lru_cache(maxsize=None)  # noqa: B019 (the mistake)
    def mask(self, request):
        return torch.ones(1 << 20, 8)

    def infer(self):
        self.requests += 1
        x = self.mask(self.requests) @ self.weight
        return x


def load(device):
    return Engine()


def infer(engine):
    try:
        return engine.infer()
    finally:
        engine.mask.cache_clear()
