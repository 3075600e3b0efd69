"""Only the last error is kept. The last point of all holds little: the sweep's end looks clean.

What an error in the middle keeps is seen after that error alone, by the tensors that are alive.
Stands for pytorch/pytorch#27600: 7.16 GiB still allocated after one error. Twin: pass/sweep_last_error_in_words.py.
---
reason: leak
point: "x = x @ self.weight"
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
        engine.last_error = error
        raise
