"""Memory moves around its baseline until the deadline: neither back nor kept.
---
reason: unsettled
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
        HELD.append(b"x" * (100 << 20))
        time.sleep(0.15)
        HELD.pop()
        time.sleep(0.15)


def fail(model):
    threading.Thread(target=churn, daemon=True).start()
    raise RuntimeError("boom")
