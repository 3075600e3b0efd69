"""The retry has the request's name. Twin of fail/partial_scheduled.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
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
    image = b"x" * (100 << 20)
    engine.retries.append(partial(engine.run, "image.png"))
    engine.run(image, failing=True)
