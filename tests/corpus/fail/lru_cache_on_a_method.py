"""lru_cache on a method keeps its arguments: each failed request's, for the next one.

Stands for numz/ComfyUI-SeedVR2_VideoUpscaler#257: what an out-of-memory error left in a cache
stays, and the next run loads a second copy. Twin: pass/lru_cache_of_small_keys.py.
---
reason: leak
holder: {kind: cache, name: "Engine.encode"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

from functools import lru_cache


class Batch:
    def __init__(self):
        self.pixels = b"x" * (100 << 20)  # kept


class Engine:
    @lru_cache(maxsize=32)
    def encode(self, batch):
        return len(batch.pixels)


def load(device):
    return Engine()


def infer(engine):
    engine.encode(Batch())
    Engine.encode.cache_clear()


def fail(engine):
    size = engine.encode(Batch())
    raise RuntimeError(f"boom after {size} bytes")
