"""A retry is scheduled as a partial of the failed call, arguments and all.

Stands for Mikubill/sd-webui-controlnet#360: an API call that runs out of memory leaves it
allocated. Twin: pass/partial_cancelled.py.
---
reason: leak
holder: {kind: object, name: "Engine.retries[0].args[0]"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

from functools import partial


class Engine:
    def __init__(self):
        self.retries = []

    def run(self, image, failing=False):
        if failing:
            raise RuntimeError("boom")
        return len(image)


def load(device):
    return Engine()


def infer(engine):
    engine.run(b"x" * (100 << 20))


def fail(engine):
    image = b"x" * (100 << 20)  # kept
    engine.retries.append(partial(engine.run, image))
    engine.run(image, failing=True)
