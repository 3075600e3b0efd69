"""A server loads a model: the workspace comes first, and that a plan doesn't fit shows only later.
Nobody gives the workspace of a failed load back; those of good loads go with their unloading.

Stands for triton-inference-server/server#8969: failed load and unload cycles add up, good ones hold
still. Twin: pass/failed_loads_undone.py.
---
reason: growth-per-error
faults: [{kind: call, expect: {match: another version}}]
repeat: 5
"""

WORKSPACES = {}


class Model:
    def __init__(self, broken):
        weights = b"w" * (100 << 20)
        WORKSPACES[id(self), len(WORKSPACES)] = b"s" * (6 << 20)
        if broken:
            raise RuntimeError(f"{len(weights)} bytes of a plan built for another version")
        self.key = (id(self), len(WORKSPACES) - 1)

    def unload(self):
        del WORKSPACES[self.key]


def load(device):
    return "server"


def infer(server):
    Model(broken=False).unload()


def fail(server):
    Model(broken=True)
