"""Training remembers what the errors said. Twin of fail/skipped_batches_kept.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 5
"""

SKIPPED = []


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def train(model):
    batch = b"x" * (20 << 20)
    raise RuntimeError(f"a batch of {len(batch)} needs {len(b'x' * (100 << 20))} more")


def fail(model):
    try:
        train(model)
    except RuntimeError as error:
        SKIPPED.append(str(error))
        raise
