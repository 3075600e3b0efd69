"""After the second error the inference waits for something that never comes.
---
reason: fault-timeout
tolerance: 16MiB
faults: [oom-sweep]
workload: {kind: python, file: "{file}", timeouts: {infer: 2s}}
"""

import threading

import torch

LOCK = threading.Lock()


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    x = torch.ones(1 << 20, 8)
    LOCK.acquire()
    x = x @ weight
    LOCK.release()
    return torch.softmax(x, -1)
