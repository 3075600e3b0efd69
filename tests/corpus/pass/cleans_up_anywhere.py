"""The cache is given back wherever the exception comes from. Twin of
fail/interrupted_in_the_middle.py.
---
reason: returned-to-baseline
faults: [exception]
repeat: 2
"""

import time

CACHES = []


def load(device):
    return "model"


def infer(model):
    CACHES.append(b"x" * (80 << 20))
    try:
        for _ in range(40):
            time.sleep(0.01)
    finally:
        CACHES.pop()
