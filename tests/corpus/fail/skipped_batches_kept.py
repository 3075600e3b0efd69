"""Training goes on after a bad batch and remembers each error: 20 MiB a time, none too much alone.

Stands for pytorch/pytorch#10348: memory grows in a training loop that raises and catches. Twin:
pass/skipped_batches_counted.py.
---
reason: leak
retained: 100MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 5
settle: {timeout: 1s}
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
        SKIPPED.append(error)
        raise
