"""The server freezes once, when it is loaded. Twin of fail/frozen_garbage.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import gc


class Request:
    def __init__(self):
        self.activations = b"x" * (100 << 20)
        self.steps = [self.forward]

    def forward(self):
        raise RuntimeError(f"boom after {len(self.activations)} bytes")


def load(device):
    gc.freeze()
    return "server"


def infer(server):
    return len(b"x" * (100 << 20))


def fail(server):
    request = Request()
    try:
        request.steps[0]()
    finally:
        request.steps.clear()
