"""The inference that fails holds 20 MiB; the one before it, which worked, needed 200.

What was at stake is what the failing one held: a leak of all of it would pass.
---
reason: nothing-at-stake
faults: [oom]
repeat: 3
"""

KEPT = []


def load(device):
    return "model"


def infer(model, size=1):
    cache = b"x" * ((10 << 20) * size)
    KEPT.append(cache)
    activations = b"x" * ((190 << 20) * size)
    KEPT.pop()
    return len(activations)
