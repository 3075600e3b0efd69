"""The fault maps a large file and reads it: the kernel takes such pages back when it likes.
---
reason: nothing-at-stake
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import mmap
import tempfile


def load(device):
    file = tempfile.TemporaryFile()
    for _ in range(200):
        file.write(b"x" * (1 << 20))
    file.flush()
    return file


def infer(file):
    return len(b"x" * (100 << 20))


def fail(file):
    weights = mmap.mmap(file.fileno(), 200 << 20, access=mmap.ACCESS_READ)
    total = sum(weights[place] for _ in range(20) for place in range(0, len(weights), 4096))
    weights.close()
    raise RuntimeError(total)
