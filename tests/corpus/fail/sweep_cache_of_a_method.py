"""`lru_cache` on a method that makes a mask per request; the success path alone empties it.

Stands for numz/ComfyUI-SeedVR2_VideoUpscaler#257: what was cached before the error stays. Twin: pass/sweep_cache_of_a_method_emptied.py.
---
reason: leak
point: "x = self.mask(self.requests) @ self.weight"
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
    result = engine.infer()
    engine.mask.cache_clear()
    return result
