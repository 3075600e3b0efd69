"""All memory is freed, but the C heap keeps the pages below one small live block.

Free memory isn't retained memory: without the quiesce this would be called a leak.
Twin: fail/heap_blocks_lost.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import ctypes

LIBC = ctypes.CDLL(None)
LIBC.malloc.restype = ctypes.c_void_p
LIBC.free.argtypes = [ctypes.c_void_p]
BLOCK = 64 << 10  # below the threshold from which the C library maps a block by itself
PINS = []


def load(device):
    return "model"


def infer(model):
    return None


def fail(model):
    blocks = []
    for _ in range(3000):
        blocks.append(LIBC.malloc(BLOCK))
        ctypes.memset(blocks[-1], 1, BLOCK)
    PINS.append(blocks.pop())  # the topmost: the heap can't shrink past it
    for block in blocks:
        LIBC.free(block)
    raise RuntimeError("the batch was refused")
