"""The inference has fewer operators: no error was raised.
---
reason: fault-not-fired
tolerance: 16MiB
faults: [{kind: exception, at_operator: 1000}]
repeat: 1
"""

import torch


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    return torch.ones(1 << 20, 8) @ weight
