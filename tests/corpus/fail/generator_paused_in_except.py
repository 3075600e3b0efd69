"""A training loop is a generator, and waits for its next call inside the `except` of the last
error.

Stands for pytorch/pytorch#27600: after one out-of-memory error the next run starts with 7 GiB that
nobody seems to hold. Twin: pass/generator_left_except.py.
---
reason: leak
retained: 150MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 1s}
"""


def step():
    activations = b"x" * (150 << 20)
    raise RuntimeError(f"out of memory after {len(activations)} bytes")


def train():
    while True:
        try:
            yield "ready"
            step()
        except RuntimeError as error:
            yield str(error)


def load(device):
    loop = train()
    next(loop)
    return loop


def infer(loop):
    return len(b"x" * (100 << 20))


def fail(loop):
    raise RuntimeError(next(loop))
