"""An unload after an error gives both models back, and keeps only their empty shell.

Stands for theroyallab/tabbyAPI#337: there the vision tower stays. Twin:
fail/sub_model_stays.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {match: no such adapter}}]
repeat: 1
"""


class Model:
    def __init__(self):
        self.language = b"l" * (100 << 20)
        self.vision = b"v" * (100 << 20)

    def unload(self):
        self.language = None
        self.vision = None


class Server:
    def __init__(self):
        self.loaded = []

    def switch(self, wanted):
        model = Model()
        self.loaded.append(model)
        try:
            if wanted == "unknown":
                raise LookupError("no such adapter")
        except LookupError:
            model.unload()
            raise
        self.loaded.remove(model)


def load(device):
    return Server()


def infer(server):
    server.switch("known")


def fail(server):
    server.switch("unknown")
