"""An unload after an error forgets one of the two models that were loaded.

Stands for theroyallab/tabbyAPI#337: the vision tower stays after an unload. Twin:
pass/sub_model_unloaded.py.
---
reason: leak
retained: 100MiB
faults: [{kind: call, expect: {match: no such adapter}}]
repeat: 1
"""


class Model:
    def __init__(self):
        self.language = b"l" * (100 << 20)
        self.vision = b"v" * (100 << 20)

    def unload(self):
        self.language = None


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
