"""The class holds its instances weakly. Twin of fail/class_keeps_its_instances.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import weakref


class Request:
    live = weakref.WeakSet()

    def __init__(self):
        self.activations = b"x" * (100 << 20)
        Request.live.add(self)

    def finish(self):
        Request.live.remove(self)


def load(device):
    return "model"


def infer(model):
    Request().finish()


def fail(model):
    Request()
    raise RuntimeError("boom")
