"""What failed is kept for a report, with the exception: its traceback holds every local.

Stands for vllm-project/vllm-omni#6385: 2,761 MiB per failed request, by a stored exception. Twin: pass/sweep_words_stored.py.
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
        engine.failed.append(error)
        raise
