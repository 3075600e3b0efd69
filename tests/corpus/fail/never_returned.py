"""The clean-up that is to run later never does. Twin of pass/returned_late.py.
---
reason: leak
retained: 150MiB
faults: [{kind: call, expect: {exception: TimeoutError}}]
repeat: 1
"""

HELD = []


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (150 << 20))


def fail(model):
    HELD.append(b"x" * (150 << 20))
    raise TimeoutError("the client went away")
