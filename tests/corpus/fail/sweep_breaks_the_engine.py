"""The lock that a request takes is given back by the success path alone.

Stands for ggml-org/llama.cpp#13085: after one error the server stays up, unresponsive. Twin: pass/sweep_serves_again.py.
---
reason: not-serving
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
        x = torch.ones(1 << 20, 8) @ self.weight
        self.lock.release()
        return x


def load(device):
    return Engine()


def infer(engine):
    engine.infer()
