"""An error where decoding begins, and the table is cleaned up.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [{kind: exception, in_function: exception_in_a_function_cleaned_up.Engine.decode}]
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
        try:
            return self.decode(request)
        finally:
            del self.requests[request]


def load(device):
    return Engine()


def infer(engine):
    return engine.infer()
