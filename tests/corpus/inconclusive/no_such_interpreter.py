"""The Python that the config names isn't there.
---
reason: workload-failed
workload: {kind: python, file: "{file}", python: /no/such/python}
faults: [oom, kill]
"""


def load(device):
    return "model"


def infer(model, size=1):
    return len(b"x" * ((100 << 20) * size))
