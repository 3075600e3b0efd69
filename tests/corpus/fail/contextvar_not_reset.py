"""The request of the moment stands in a contextvar that only success resets.

Stands for vllm-project/vllm#6907: out-of-memory errors go on in later requests. Twin:
pass/contextvar_reset.py.
---
reason: leak
holder: {kind: object, name: "contextvar 'current_request'"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

from contextvars import ContextVar

CURRENT = ContextVar("current_request", default=None)


class Request:
    def __init__(self):
        self.activations = b"x" * (100 << 20)  # kept


def load(device):
    return "model"


def serve(failing):
    token = CURRENT.set(Request())
    if failing:
        raise RuntimeError("boom")
    CURRENT.reset(token)


def infer(model):
    serve(failing=False)


def fail(model):
    serve(failing=True)
