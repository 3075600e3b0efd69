"""A native library reads a model into a buffer of its own, and only then looks at its version.

Stands for nomic-ai/gpt4all#1901: memory of the card is lost when a model fails to load. Twin:
pass/native_buffer_closed.py.
---
reason: leak
retained: 150MiB
faults: [{kind: call, expect: {match: unknown version}}]
repeat: 1
"""

import mmap


class Buffer:
    """Native memory: nothing returns it but its own close."""

    held = {}

    def __init__(self, size):
        pages = mmap.mmap(-1, size)
        pages.write(b"n" * size)
        self.handle = id(pages)
        self.held[self.handle] = pages

    def close(self):
        self.held.pop(self.handle).close()


def read_model(version):
    buffer = Buffer(150 << 20)
    if version != 2:
        raise RuntimeError("unknown version")
    return buffer


def load(device):
    return "library"


def infer(library):
    read_model(version=2).close()


def fail(library):
    read_model(version=1)
