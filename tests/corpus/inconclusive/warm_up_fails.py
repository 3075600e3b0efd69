"""The healthy inference doesn't work: there is nothing to compare a failure with.
---
reason: workload-failed
faults: [oom]
"""


def load(device):
    return "model"


def infer(model):
    raise KeyError("tokenizer")
