"""Only the words of the last error are kept.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch


class Engine:
    def __init__(self):
        self.weight = torch.ones(8, 8)
        self.last_error = None

    def forward(self):
        x = torch.ones(1 << 20, 8)
        x = x @ self.weight
        summary = x[0].clone()
        del x
        return summary.exp()


def load(device):
    return Engine()


def infer(engine):
    try:
        return engine.forward()
    except RuntimeError as error:
        engine.last_error = str(error)
        raise
