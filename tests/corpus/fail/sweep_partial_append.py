"""Keys are appended, then values run out of memory: a layer that is half done isn't undone.

Stands for vllm-project/vllm#46283: what a request took before it failed is never reclaimed. Twin: pass/sweep_append_undone.py.
---
reason: leak
point: "self.values.append(x @ weight)"
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch

LAYERS = 4
ROWS = 1 << 20


class Engine:
    def __init__(self):
        self.weights = [torch.ones(8, 8) for _ in range(LAYERS)]
        self.keys, self.values = [], []

    def infer(self):
        x = torch.ones(ROWS, 8)
        done = 0
        try:
            for weight in self.weights:
                self.keys.append(x @ weight)
                self.values.append(x @ weight)
                done += 1
        finally:
            for _ in range(done):
                self.keys.pop(), self.values.pop()


def load(device):
    return Engine()


def infer(engine):
    engine.infer()
