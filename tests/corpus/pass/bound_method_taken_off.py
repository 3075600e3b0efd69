"""The listener is taken off either way. Twin of fail/bound_method_on_an_event.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

class Request:
    def __init__(self):
        self.latents = b"x" * (100 << 20)

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
    try:
        if failing:
            raise RuntimeError("boom")
    finally:
        del engine.listeners[id(request)]


def infer(engine):
    serve(engine, failing=False)


def fail(engine):
    serve(engine, failing=True)
