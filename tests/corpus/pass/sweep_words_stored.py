"""What failed is kept for a report, in words.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch


class Engine:
    def __init__(self):
        self.weight = torch.ones(8, 8)
        self.failed = []

    def forward(self):
        x = torch.ones(1 << 20, 8)
        for _ in range(3):
            x = x @ self.weight
        return x


def load(device):
    return Engine()


def infer(engine):
    try:
        return engine.forward()
    except RuntimeError as error:
        engine.failed.append(str(error))
        raise
