"""One line keeps 4 MiB when it fails, the same 4 MiB as before: a slot that is filled anew.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch


class Engine:
    def __init__(self):
        self.weight = torch.ones(8, 8)
        self.late = []

    def infer(self):
        x = torch.ones(1 << 20, 8)
        hint = torch.ones(1 << 17, 8)
        try:
            x = x @ self.weight
        except RuntimeError:
            self.late[:] = [hint]
            raise
        return x


def load(device):
    return Engine()


def infer(engine):
    engine.infer()
