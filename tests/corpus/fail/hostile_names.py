"""A child that outlives the workload, named with escape sequences, commands for a CI runner and
bytes that are no text, and lines as the kernel's own: in its name, on its command line, and in the
name of its shared memory.

Stands for vllm-project/vllm#34816: a worker with a mangled name outlives its parent, and the card
stays full. Twin: pass/hostile_names_gone.py.
---
reason: survivors
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 2s}
"""

import ctypes
import mmap
import os
import sys
import time

PR_SET_NAME = 15
NAME = b"\x1cRssAnon:x kB\xff\n"
SEGMENT = b"/dev/shm/ops002-corpus-\x0c0-1 rw-s 0 zz:zz 0 \x0cPss: x kB \n::error::\xff"
ARGUMENTS = [b"\n::error::forged", b"##[error]forged", b"\x1b[2J[red]\r", b"\xff\xfe\xed\xb2\x80"]


def load(device):
    line = [sys.executable, __file__, *ARGUMENTS]
    return os.spawnv(os.P_NOWAIT, sys.executable, line)


def infer(child):
    return len(b"x" * (100 << 20))


def fail(child):
    activations = b"x" * (100 << 20)
    raise RuntimeError(len(activations))


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_NAME, NAME, 0, 0, 0)
    with open(SEGMENT, "w+b") as segment:
        os.unlink(SEGMENT)
        segment.truncate(1 << 20)
        mapped = mmap.mmap(segment.fileno(), 1 << 20)
        mapped[:] = b"x" * (1 << 20)
        time.sleep(600)
