"""A scenario file without `load`.
---
reason: workload-failed
faults: [oom]
"""


def infer(model):
    return None
