"""Several faults share one start: one that cleans up, one that doesn't, one that ends it all.

Twin: pass/several_faults.py.
---
reason: leak
retained: 100MiB
faults:
  - kill
  - {kind: call, expect: {match: boom}}
  - oom
repeat: 1
"""

CACHES = {}


def load(device):
    return "model"


def infer(model, size=1):
    activations = [b"x" * (32 << 20) for _ in range(8 * size)]
    return len(activations)


def fail(model):
    CACHES[len(CACHES)] = b"x" * (100 << 20)
    raise RuntimeError("boom")
