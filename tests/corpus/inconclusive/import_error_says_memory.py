"""A library that comes too late "cannot allocate memory in static TLS block": an import error.
---
reason: fault-not-fired
faults: [oom]
repeat: 1
"""


CALLS = []


def load(device):
    return "model"


def infer(model, size=1):
    CALLS.append(size)
    activations = b"x" * (100 << 20)
    if len(CALLS) > 3:
        raise ImportError(f"libgomp.so.1: cannot allocate memory in static TLS block {len(activations)}")
