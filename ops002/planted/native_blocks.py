"""Native code that takes many small blocks of the C heap: the leak is that an error loses them.

The twin frees them, but for one at the top of the heap: free memory that only a trim gives back.
"""

from __future__ import annotations

import ctypes
import os

LEAKS = os.environ["OPS002_PLANTED"] == "leak"
SIZE = int(os.environ["OPS002_PLANTED_BYTES"])
BLOCK = 64 << 10  # below the threshold from which the C library maps a block by itself

LIBC = ctypes.CDLL(None)
LIBC.malloc.argtypes = [ctypes.c_size_t]
LIBC.malloc.restype = ctypes.c_void_p
LIBC.free.argtypes = [ctypes.c_void_p]


def load(_device: str) -> str:
    """Nothing is needed."""
    return "model"


def infer(_model: str) -> None:
    """Takes nothing."""


def fail(_model: str) -> None:
    """Fails with every block touched."""
    blocks = [_block() for _ in range(SIZE // BLOCK)]
    _block()
    if not LEAKS:
        for block in blocks:
            LIBC.free(block)
    raise RuntimeError(f"planted: failed after {len(blocks)} blocks")


def _block() -> int:
    block: int = LIBC.malloc(BLOCK)
    ctypes.memset(block, 1, BLOCK)
    return block
