"""A rejected draft puts its block back into the pool, and the next one takes it from there.

Stands for ggml-org/llama.cpp#27155: there every cycle takes 10 MB more. Twin:
fail/draft_blocks_kept.py.
---
reason: returned-to-baseline
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
    cache.give_back(block)
    raise RuntimeError(
        f"draft rejected after {len(activations)} bytes, {len(block)} of them cached"
    )
