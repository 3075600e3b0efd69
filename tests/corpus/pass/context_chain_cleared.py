"""The whole chain of the stored exception is stripped. Twin of fail/context_chain_kept.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: EngineError, match: failed}}]
"""

ERRORS = []


class EngineError(Exception):
    pass


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def allocate():
    activations = b"x" * (100 << 20)
    raise ValueError(len(activations))


def fail(model):
    try:
        try:
            allocate()
        except ValueError:
            raise EngineError("request failed")
    except EngineError as caught:
        caught.__context__.__traceback__ = None
        ERRORS.append(caught.with_traceback(None))
    raise EngineError("request failed") from None
