"""The loop leaves the `except` before it waits. Twin of fail/generator_paused_in_except.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""


def step():
    activations = b"x" * (150 << 20)
    raise RuntimeError(f"out of memory after {len(activations)} bytes")


def train():
    said = "ready"
    while True:
        yield said
        try:
            step()
        except RuntimeError as error:
            said = str(error)


def load(device):
    loop = train()
    next(loop)
    return loop


def infer(loop):
    return len(b"x" * (100 << 20))


def fail(loop):
    raise RuntimeError(next(loop))
