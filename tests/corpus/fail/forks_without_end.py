"""A child that forks and ends, over and over: never the same process, and never nobody.

Twin: pass/child_ends.py.
---
reason: survivors
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 2s}
"""

import os
import time


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    if os.fork() == 0:
        os.setsid()
        started = time.time()
        while time.time() - started < 60:
            if os.fork():
                os._exit(0)
        os._exit(0)
    activations = b"x" * (100 << 20)
    raise RuntimeError(len(activations))
