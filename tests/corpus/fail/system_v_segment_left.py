"""A System V segment outlives the command that failed: it stays until somebody removes it.

Twin: pass/shared_memory_unlinked.py.
---
reason: leak
retained: 150MiB
workload: {kind: command, run: ["{python}", "{file}"]}
faults: [{kind: exit, expect: {exit_code: [134]}}]
repeat: 1
"""

import ctypes
import os

if __name__ == "__main__":
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    segment = libc.shmget(0x0B5002, 150 << 20, 0o1600)
    ctypes.memset(libc.shmat(segment, None, 0), 1, 150 << 20)
    os.abort()
