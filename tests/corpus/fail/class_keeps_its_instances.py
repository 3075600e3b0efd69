"""A class registers every request that is alive, and a failed one is never taken off the list.

Stands for oobabooga/text-generation-webui#2750: unloading frees nothing, and the next load runs
out of memory. Twin: pass/class_counts_its_instances.py.
---
reason: leak
holder: {kind: object, name: "Request.live[0].activations"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

class Request:
    live = []

    def __init__(self):
        self.activations = b"x" * (100 << 20)  # kept
        Request.live.append(self)

    def finish(self):
        Request.live.remove(self)


def load(device):
    return "model"


def infer(model):
    Request().finish()


def fail(model):
    Request()
    raise RuntimeError("boom")
