"""A finalizer that is to free a buffer holds the object that it waits for: it never runs.

Stands for abetlen/llama-cpp-python#223: memory stays after a model is deleted. Twin:
pass/finalizer_holds_a_name.py.
---
reason: leak
holder: {kind: object, name: "finalize._registry"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import weakref


class Buffer:
    def __init__(self):
        self.name = "kv"
        self.bytes = b"x" * (100 << 20)  # kept
        self.release = weakref.finalize(self, free, self)


def free(what):
    return what


def load(device):
    return "model"


def infer(model):
    Buffer().release.detach()


def fail(model):
    Buffer()
    raise RuntimeError("boom")
