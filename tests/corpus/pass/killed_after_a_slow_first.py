"""The first inference takes long, as one that compiles does; the one that is killed is half over.
---
reason: returned-to-baseline
faults: [kill]
repeat: 1
warmup: 1
"""

import time


def load(device):
    return []


def infer(calls):
    activations = [b"x" * (32 << 20) for _ in range(4)]
    time.sleep(0.4 if calls else 2)
    calls.append(len(activations))
