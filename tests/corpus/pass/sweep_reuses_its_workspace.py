"""A workspace that every request uses again, and a new one where an error may have spoilt it.

The engine holds as much before as after, in another tensor.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch


class Engine:
    def __init__(self):
        self.weight = torch.ones(8, 8)
        self.workspace = torch.zeros(1 << 20, 8)

    def infer(self):
        try:
            self.workspace.copy_(torch.ones(1 << 20, 8) @ self.weight)
            return torch.softmax(self.workspace, -1)
        except RuntimeError:
            self.workspace = None
            self.workspace = torch.zeros(1 << 20, 8)
            raise


def load(device):
    return Engine()


def infer(engine):
    engine.infer()
