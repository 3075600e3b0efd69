"""The error path waits for something that never comes.
---
reason: fault-timeout
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
workload: {kind: python, file: "{file}", timeouts: {infer: 2s}}
"""

import time


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    time.sleep(600)
    raise RuntimeError(len(activations))
