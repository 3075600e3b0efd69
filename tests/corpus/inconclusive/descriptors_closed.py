"""The workload closes every descriptor it has, the gate's channel among them.
---
reason: fault-not-fired
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import os


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    os.closerange(0, 256)
    raise RuntimeError(len(activations))
