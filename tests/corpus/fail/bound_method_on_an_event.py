"""A method of each request listens to an event of the engine: a bound method holds its object.

Stands for daydreamlive/scope#723: each failed reload leaves 0.84 GB. Twin:
pass/bound_method_taken_off.py.
---
reason: leak
holder: {kind: object, name: ".__self__.latents"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

class Request:
    def __init__(self):
        self.latents = b"x" * (100 << 20)  # kept

    def on_shutdown(self):
        return len(self.latents)


class Engine:
    def __init__(self):
        self.listeners = {}


def load(device):
    return Engine()


def serve(engine, failing):
    request = Request()
    engine.listeners[id(request)] = request.on_shutdown
    if failing:
        raise RuntimeError("boom")
    del engine.listeners[id(request)]


def infer(engine):
    serve(engine, failing=False)


def fail(engine):
    serve(engine, failing=True)
