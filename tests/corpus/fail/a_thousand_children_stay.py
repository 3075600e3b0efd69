"""An error path that starts a thousand processes, and lets none of them go.

Twin: pass/a_thousand_children.py.
---
reason: survivors
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 1s}
"""

import os
import signal


def load(device):
    return []


def infer(children):
    return len(b"x" * (100 << 20))


def fail(children):
    children += [child for _ in range(1000) if (child := paused())]
    activations = b"x" * (100 << 20)
    raise RuntimeError(f"out of processes after {len(children)}, {len(activations)} bytes taken")


def paused():
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        while True:
            signal.pause()
    return child
