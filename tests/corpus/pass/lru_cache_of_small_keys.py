"""What is cached is small. Twin of fail/lru_cache_on_a_method.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

from functools import lru_cache


class Batch:
    def __init__(self):
        self.pixels = b"x" * (100 << 20)


class Engine:
    def encode(self, batch):
        return self.scaled(len(batch.pixels))

    @lru_cache(maxsize=32)
    def scaled(self, size):
        return size


def load(device):
    return Engine()


def infer(engine):
    engine.encode(Batch())


def fail(engine):
    size = engine.encode(Batch())
    raise RuntimeError(f"boom after {size} bytes")
