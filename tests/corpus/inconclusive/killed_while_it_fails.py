"""The inference that is to be killed in its middle fails at once: nothing was interrupted.
---
reason: workload-failed
faults: [kill]
repeat: 1
warmup: 1
"""

import time


def load(device):
    return []


def infer(calls):
    activations = [b"x" * (32 << 20) for _ in range(4)]
    if calls:
        raise RuntimeError("rate limit")
    time.sleep(2)
    calls.append(len(activations))
