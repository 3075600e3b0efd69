"""A server loads a model, finds that its plan doesn't fit, and undoes what it had begun.

Stands for triton-inference-server/server#8969, where failed loads add up. Twin:
fail/failed_loads_add_up.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {match: another version}}]
repeat: 5
"""

WORKSPACES = {}


class Model:
    def __init__(self, broken):
        weights = b"w" * (100 << 20)
        WORKSPACES[id(self)] = b"s" * (6 << 20)
        if broken:
            self.unload()
            raise RuntimeError(f"{len(weights)} bytes of a plan built for another version")

    def unload(self):
        del WORKSPACES[id(self)]


def load(device):
    return "server"


def infer(server):
    Model(broken=False).unload()


def fail(server):
    Model(broken=True)
