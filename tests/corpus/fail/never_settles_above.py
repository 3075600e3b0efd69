"""Memory never holds still after the error, yet stays far above its baseline throughout.

Twin: pass/stirs_within_the_band.py.
---
reason: leak
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
        HELD.append(b"x" * (60 << 20))
        time.sleep(0.15)
        HELD.pop()
        time.sleep(0.15)


def fail(model):
    HELD.append(b"x" * (150 << 20))
    threading.Thread(target=churn, daemon=True).start()
    raise RuntimeError("boom")
