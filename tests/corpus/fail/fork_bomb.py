"""An error path that forks, and so do its children, each in a session of its own: 150 processes,
where the bomb stops itself.

Twin: pass/fork_bomb_ends.py.
---
reason: survivors
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 1s}
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
    ends = time.monotonic() + 60
    if os.fork() == 0:
        del activations
        explode(tokens, ends)
    time.sleep(0.5)
    raise RuntimeError("too many processes")


def explode(tokens, ends):
    os.setsid()
    while time.monotonic() < ends:
        try:
            if os.read(tokens, 1) and os.fork() == 0:
                os.setsid()
        except OSError:
            time.sleep(1)
        time.sleep(0.01)
    os._exit(0)
