"""A model is registered once it is complete. Twin of fail/partial_load_kept.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import torch


class Server:
    def __init__(self):
        self.models = {}

    def load(self, name, complete):
        model = torch.nn.Module()
        model.embed = torch.nn.Embedding(100_000, 300)
        if not complete:
            raise RuntimeError(f"boom: {name} has no head")
        self.models[name] = model
        return self.models.pop(name)


def load(device):
    return Server()


def infer(server):
    server.load("healthy", complete=True)


def fail(server):
    server.load(f"model-{len(server.models)}", complete=False)
