"""An arena grows for one huge request that fails, and shrinks when that is over.

Stands for microsoft/onnxruntime#9509: there it stays that large. Twin:
fail/arena_keeps_extents.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {match: shape}}]
repeat: 1
"""


class Arena:
    """Takes memory in extents and hands it out; an extent that was taken once stays."""

    def __init__(self):
        self.extents = []

    def reserve(self, size):
        missing = size - sum(map(len, self.extents))
        if missing > 0:
            self.extents.append(bytearray(b"e" * missing))

    def shrink(self, size):
        while sum(map(len, self.extents)) > size:
            self.extents.pop()


def load(device):
    return Arena()


def infer(arena):
    arena.reserve(100 << 20)


def fail(arena):
    try:
        arena.reserve(250 << 20)
        raise RuntimeError("an output of this shape was not expected")
    finally:
        arena.shrink(100 << 20)
