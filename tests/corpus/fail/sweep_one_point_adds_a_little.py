"""One line keeps 4 MiB each time that it fails: within the tolerance, and a crash after enough.

Stands for pytorch/pytorch#10348: memory grows with the exceptions that are raised and caught. Twin: pass/sweep_one_point_keeps_a_slot.py.
---
reason: growth-per-error
point: "x = x @ self.weight"
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
            self.late.append(hint)
            raise
        return x


def load(device):
    return Engine()


def infer(engine):
    engine.infer()
