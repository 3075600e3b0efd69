"""The lock that a request takes is given back whatever happens.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import threading

import torch


class Engine:
    def __init__(self):
        self.weight = torch.ones(8, 8)
        self.lock = threading.Lock()

    def infer(self):
        if not self.lock.acquire(timeout=0.1):
            raise TimeoutError("the engine is busy")
        try:
            return torch.ones(1 << 20, 8) @ self.weight
        finally:
            self.lock.release()


def load(device):
    return Engine()


def infer(engine):
    engine.infer()
