"""The contextvar is reset either way. Twin of fail/contextvar_not_reset.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

from contextvars import ContextVar

CURRENT = ContextVar("current_request", default=None)


class Request:
    def __init__(self):
        self.activations = b"x" * (100 << 20)


def load(device):
    return "model"


def serve(failing):
    token = CURRENT.set(Request())
    try:
        if failing:
            raise RuntimeError("boom")
    finally:
        CURRENT.reset(token)


def infer(model):
    serve(failing=False)


def fail(model):
    serve(failing=True)
