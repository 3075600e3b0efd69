"""Native code loses its blocks when it throws. Twin of pass/heap_not_trimmed.py.

Stands for NVIDIA/MinkowskiEngine#359: 464 MB lost per C++ exception, and nothing in Python refers
to them any more.
---
reason: leak
retained: 188MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import ctypes

LIBC = ctypes.CDLL(None)
LIBC.malloc.restype = ctypes.c_void_p
BLOCK = 64 << 10


def load(device):
    return "model"


def infer(model):
    return None


def fail(model):
    for _ in range(3000):
        ctypes.memset(LIBC.malloc(BLOCK), 1, BLOCK)
    raise RuntimeError("std::bad_alloc")
