"""Whatever a request appended before it failed is taken back, done or half done.
---
reason: returned-to-baseline
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
            self.keys.clear(), self.values.clear()


def load(device):
    return Engine()


def infer(engine):
    engine.infer()
