"""The error is answered, and a moment later the whole process goes down.
---
reason: workload-died
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import os
import threading


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    threading.Timer(0.3, os._exit, [1]).start()
    raise RuntimeError(len(activations))
