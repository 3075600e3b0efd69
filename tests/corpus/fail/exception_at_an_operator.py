"""An error in place of the second operator: what the first one took stays in the table.

Stands for vllm-project/vllm#46283: what an aborted request took is never reclaimed. Twin: pass/exception_at_an_operator_cleaned_up.py.
---
reason: leak
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
        result = self.decode(request)
        del self.requests[request]
        return result


def load(device):
    return Engine()


def infer(engine):
    return engine.infer()
