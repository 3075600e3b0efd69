"""Memory comes back a second and a half after the error, as drivers and servers do.

It holds still, off its baseline, for longer than the settle window: returning at the first still
window would call this a leak. Twin: fail/never_returned.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: TimeoutError}}]
repeat: 1
"""

import threading

HELD = []


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (150 << 20))


def fail(model):
    HELD.append(b"x" * (150 << 20))
    threading.Timer(1.5, HELD.clear).start()
    raise TimeoutError("the client went away")
