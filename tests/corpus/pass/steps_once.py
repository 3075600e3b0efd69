"""The error path fills a table the first time it sees a rare error: 30 MiB, once. No growth.

Twin: fail/grows_with_every_error.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {match: boom}}]
repeat: 20
control: 2
settle: {window: 200ms}
"""

TABLE = {}
SEEN = []


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (200 << 20)
    SEEN.append(len(activations))
    if len(SEEN) == 12:
        TABLE["rare"] = b"x" * (30 << 20)
    raise RuntimeError("boom")
