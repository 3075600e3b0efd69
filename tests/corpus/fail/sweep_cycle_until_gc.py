"""The error's frame refers to the error: what the frame holds is free only once Python collects.

Stands for NVIDIA/TensorRT-LLM#15099: reference cycles keep the memory of a failed request. Twin: pass/sweep_cycle_until_gc_accepted.py.
---
reason: held-until-gc
point: "return x @ weight"
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    x = torch.ones(1 << 20, 8)
    try:
        return x @ weight
    except RuntimeError as error:
        kept = error
        raise kept
