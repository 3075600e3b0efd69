"""A second model is registered before it is complete; its weights stay when the load fails.

Stands for triton-inference-server/onnxruntime_backend#268: a failed load_model leaks. Twin:
pass/partial_load_dropped.py.
---
reason: leak
holder: {kind: object, name: "Server.models['model-0'].embed.weight"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import torch


class Server:
    def __init__(self):
        self.models = {}

    def load(self, name, complete):
        model = torch.nn.Module()
        self.models[name] = model
        model.embed = torch.nn.Embedding(100_000, 300)  # kept
        if not complete:
            raise RuntimeError(f"boom: {name} has no head")
        return self.models.pop(name)


def load(device):
    return Server()


def infer(server):
    server.load("healthy", complete=True)


def fail(server):
    server.load(f"model-{len(server.models)}", complete=False)
