"""The request is taken out of the table in `finally`.
---
reason: returned-to-baseline
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
    finally:
        del REQUESTS[request]
    return x
