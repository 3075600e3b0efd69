"""The request is taken out of the table in `else`, so only where nothing failed.

Stands for vllm-project/vllm#14326: ids of aborted requests are never deleted. Twin: pass/sweep_cleans_up_in_finally.py.
---
reason: leak
point: "x = REQUESTS[request] @ weight"
tolerance: 16MiB
faults: [oom-sweep]
"""

import itertools

import torch

NUMBERS = itertools.count()
REQUESTS = {}


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    request = next(NUMBERS)
    REQUESTS[request] = torch.ones(1 << 20, 8)
    try:
        x = REQUESTS[request] @ weight
        x = torch.softmax(x, -1)
    except ValueError:
        raise
    else:
        del REQUESTS[request]
    return x
