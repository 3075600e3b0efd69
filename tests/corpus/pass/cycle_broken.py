"""The request forgets its error when it has been answered: no cycle. Twin of fail/cycle_until_gc.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 2
"""


class Request:
    error = None


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    request = Request()
    try:
        activations = b"x" * (200 << 20)
        raise RuntimeError(len(activations))
    except RuntimeError as error:
        request.error = error
        raise
    finally:
        request.error = None
