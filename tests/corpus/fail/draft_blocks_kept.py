"""A rejected draft keeps its block of the cache: 10 MiB a time, far below the tolerance.

Stands for ggml-org/llama.cpp#27155: 10 MB a cycle, until nothing is left. Twin:
pass/draft_blocks_reused.py.
---
reason: growth-per-error
faults: [{kind: call, expect: {match: draft rejected}}]
repeat: 5
"""


class Cache:
    def __init__(self):
        self.blocks = []
        self.free = []

    def take(self):
        block = self.free.pop() if self.free else bytearray(b"k" * (10 << 20))
        self.blocks.append(block)
        return block

    def give_back(self, block):
        self.blocks.remove(block)
        self.free.append(block)


def load(device):
    return Cache()


def infer(cache):
    block = cache.take()
    activations = b"x" * (100 << 20)
    cache.give_back(block)
    return len(activations)


def fail(cache):
    block = cache.take()
    activations = b"x" * (100 << 20)
    raise RuntimeError(
        f"draft rejected after {len(activations)} bytes, {len(block)} of them cached"
    )
