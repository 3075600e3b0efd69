"""The bomb, with a fuse: it ends with the request that failed. Twin of fail/fork_bomb.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import os
import time

LIMIT = 150


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    tokens, given = os.pipe()
    os.set_blocking(tokens, False)
    os.write(given, b"x" * LIMIT)
    ends = time.monotonic() + 0.5
    if os.fork() == 0:
        del activations
        explode(tokens, ends)
    time.sleep(1)
    raise RuntimeError("too many processes")


def explode(tokens, ends):
    os.setsid()
    while time.monotonic() < ends:
        try:
            if os.read(tokens, 1) and os.fork() == 0:
                os.setsid()
        except OSError:
            time.sleep(0.1)
        time.sleep(0.01)
    os._exit(0)
