"""An error in place of the second operator, and the table is cleaned up.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [{kind: exception, at_operator: 2}]
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
