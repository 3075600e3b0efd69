"""The callback is unregistered either way. Twin of fail/callback_stays.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

class Engine:
    def __init__(self):
        self.callbacks = []


def load(device):
    return Engine()


def serve(engine, failing):
    latents = b"x" * (100 << 20)

    def on_progress(step):
        return len(latents) * step

    engine.callbacks.append(on_progress)
    try:
        if failing:
            raise RuntimeError("boom")
    finally:
        engine.callbacks.remove(on_progress)


def infer(engine):
    serve(engine, failing=False)


def fail(engine):
    serve(engine, failing=True)
