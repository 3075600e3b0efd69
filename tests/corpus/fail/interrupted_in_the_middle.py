"""An exception from anywhere in the inference: only the straight path gives the cache back.

Stands for sgl-project/sglang#16067: a failed scheduling step never returned its blocks. Twin:
pass/cleans_up_anywhere.py.
---
reason: leak
retained: 160MiB
faults: [exception]
repeat: 2
"""

import time

CACHES = []


def load(device):
    return "model"


def infer(model):
    CACHES.append(b"x" * (80 << 20))
    for _ in range(40):
        time.sleep(0.01)
    CACHES.pop()
