"""Several faults share one start, and all clean up. Twin of fail/leaks_under_several_faults.py.
---
reason: returned-to-baseline
faults:
  - kill
  - {kind: call, expect: {match: boom}}
  - oom
repeat: 1
"""

def load(device):
    return "model"


def infer(model, size=1):
    activations = [b"x" * (32 << 20) for _ in range(8 * size)]
    return len(activations)


def fail(model):
    cache = b"x" * (100 << 20)
    raise RuntimeError(f"boom {len(cache)}")
