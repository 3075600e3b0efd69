"""Memory stirs after the error, but within the band. Twin of fail/never_settles_above.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 3s}
"""

import threading
import time

HELD = []


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def churn():
    while True:
        HELD.append(b"x" * (2 << 20))
        time.sleep(0.15)
        HELD.pop()
        time.sleep(0.15)


def fail(model):
    activations = b"x" * (150 << 20)
    threading.Thread(target=churn, daemon=True).start()
    raise RuntimeError(len(activations))
