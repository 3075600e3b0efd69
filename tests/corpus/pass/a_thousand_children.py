"""A thousand processes, which end with the request that failed. Twin of
fail/a_thousand_children_stay.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
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
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    raise RuntimeError(f"out of processes after {len(children)}, {len(activations)} bytes taken")


def paused():
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        while True:
            signal.pause()
    return child
