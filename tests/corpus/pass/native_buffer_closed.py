"""A native library finds that it can not use a model, and closes the buffer it read it into.

Stands for nomic-ai/gpt4all#1901: there the memory of a failed load is lost. Twin:
fail/native_buffer_of_failed_load.py.
---
reason: returned-to-baseline
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
    try:
        if version != 2:
            raise RuntimeError("unknown version")
    except RuntimeError:
        buffer.close()
        raise
    return buffer


def load(device):
    return "library"


def infer(library):
    read_model(version=2).close()


def fail(library):
    read_model(version=1)
