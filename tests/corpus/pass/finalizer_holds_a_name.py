"""The finalizer has the name of the buffer. Twin of fail/finalizer_holds_its_own.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import weakref


class Buffer:
    def __init__(self):
        self.name = "kv"
        self.bytes = b"x" * (100 << 20)
        self.release = weakref.finalize(self, free, self.name)


def free(what):
    return what


def load(device):
    return "model"


def infer(model):
    Buffer().release.detach()


def fail(model):
    Buffer()
    raise RuntimeError("boom")
