"""The child with the hostile name is ended with the model. Twin of fail/hostile_names.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import ctypes
import mmap
import os
import signal
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


def unload(child):
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_NAME, NAME, 0, 0, 0)
    with open(SEGMENT, "w+b") as segment:
        os.unlink(SEGMENT)
        segment.truncate(1 << 20)
        mapped = mmap.mmap(segment.fileno(), 1 << 20)
        mapped[:] = b"x" * (1 << 20)
        time.sleep(600)
