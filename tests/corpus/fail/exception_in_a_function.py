"""An error where decoding begins: what prefilling took stays in the table.

Stands for sgl-project/sglang#16067: a step of the scheduler that failed. Twin: pass/exception_in_a_function_cleaned_up.py.
---
reason: leak
tolerance: 16MiB
faults: [{kind: exception, in_function: exception_in_a_function.Engine.decode}]
"""

import torch


class Engine:
    def __init__(self):
        self.weight = torch.ones(8, 8)
        self.requests = {}

    def prefill(self, request):
        self.requests[request] = torch.ones(1 << 20, 8)

    def decode(self, request):
        return (self.requests[request] @ self.weight).sum()

    def infer(self):
        request = len(self.requests)
        self.prefill(request)
        result = self.decode(request)
        del self.requests[request]
        return result


def load(device):
    return Engine()


def infer(engine):
    return engine.infer()
