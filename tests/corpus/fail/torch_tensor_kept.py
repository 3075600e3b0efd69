"""Torch runs out of memory for real; a module-level list keeps the batch that failed.

Stands for pipelines that queue a failed batch for a retry that never comes.
Twin: pass/torch_tensor_dropped.py.
---
reason: leak
holder: {kind: object, name: "torch_tensor_kept.RETRY["}
retained: 288MiB
faults: [{kind: oom, expect: {exception: RuntimeError, match: allocate memory}}]
repeat: 3
"""

import torch

RETRY = []


def load(device):
    return torch.nn.Linear(512, 512)


def infer(model, size=1):
    batch = torch.ones(96 << 20, dtype=torch.uint8)  # kept
    try:
        torch.zeros(size, 128 << 20, dtype=torch.uint8).add_(1)
    except RuntimeError:
        RETRY.append(batch)
        raise
