"""`call` without a `fail` in the file: the gate's own complaint is not the error that was meant.
---
reason: workload-failed
faults: [{kind: call, expect: {exception: Exception}}]
min_at_stake: 0B
"""


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))
