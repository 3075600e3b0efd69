"""A pool hands out blocks and remembers who has them; a failed step never hands them back.

Stands for sgl-project/sglang#6888: a memory leak is detected when the server is idle. Twin:
pass/blocks_handed_back.py.
---
reason: leak
holder: {kind: object, name: "Engine.pool.in_use["}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import torch


class Pool:
    def __init__(self):
        self.in_use = {}

    def take(self, request, count):
        self.in_use[request] = tuple(torch.ones(8 << 20, dtype=torch.uint8) for _ in range(count))  # kept
        return self.in_use[request]

    def give_back(self, request):
        del self.in_use[request]


class Engine:
    def __init__(self):
        self.pool = Pool()
        self.steps = 0


def load(device):
    return Engine()


def step(engine, failing):
    engine.steps += 1
    request = engine.steps
    blocks = engine.pool.take(request, 13)
    if failing:
        raise RuntimeError(f"boom with {len(blocks)} blocks")
    engine.pool.give_back(request)


def infer(engine):
    step(engine, failing=False)


def fail(engine):
    step(engine, failing=True)
