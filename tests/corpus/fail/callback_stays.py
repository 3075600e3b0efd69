"""A progress callback holds its request, and is unregistered after success only.

Stands for AUTOMATIC1111/stable-diffusion-webui#3045: memory is kept until a restart. Twin:
pass/callback_unregistered.py.
---
reason: leak
holder: {kind: object, name: "Engine.callbacks[0] → latents in the closure of on_progress()"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

class Engine:
    def __init__(self):
        self.callbacks = []


def load(device):
    return Engine()


def serve(engine, failing):
    latents = b"x" * (100 << 20)  # kept

    def on_progress(step):
        return len(latents) * step

    engine.callbacks.append(on_progress)
    if failing:
        raise RuntimeError("boom")
    engine.callbacks.remove(on_progress)


def infer(engine):
    serve(engine, failing=False)


def fail(engine):
    serve(engine, failing=True)
