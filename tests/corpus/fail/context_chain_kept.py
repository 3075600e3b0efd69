"""The stored exception was stripped of its traceback, but not the one it was raised from.

Stands for huggingface/trl#5681: a first fix missed `__context__`; 2.4 GiB a rerun came back only
with the second. Twin: pass/context_chain_cleared.py.
---
reason: leak
retained: 200MiB
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
        allocate()
    except ValueError:
        error = EngineError("request failed")
    try:
        try:
            allocate()
        except ValueError:
            raise error
    except EngineError as caught:
        ERRORS.append(caught.with_traceback(None))
    raise EngineError("request failed") from None
