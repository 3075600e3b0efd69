"""Caches of requests in a table: the leak is that only success takes them out."""

from __future__ import annotations

import os

LEAKS = os.environ["OPS002_PLANTED"] == "leak"
SIZE = int(os.environ["OPS002_PLANTED_BYTES"])
ACTIVATIONS = 64 << 20
BLOCK = 1 << 20


def load(_device: str) -> dict[int, bytes]:
    """An empty table."""
    return {}


def infer(caches: dict[int, bytes], size: int = 1) -> int:
    """Takes a cache for the request, then memory for its activations, block by block."""
    request = len(caches)
    caches[request] = b"x" * SIZE
    try:
        activations = [b"x" * BLOCK for _ in range(size * ACTIVATIONS // BLOCK)]
    except MemoryError:
        if not LEAKS:
            del caches[request]
        raise
    del caches[request]
    return len(activations)
