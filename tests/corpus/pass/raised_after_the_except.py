"""The engine's own error is raised once the first one is over. Twin of fail/raised_from_none.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

class RequestFailed(RuntimeError):
    pass


class Engine:
    failures = ()


def forward(failing):
    activations = b"x" * (100 << 20)
    if failing:
        raise RuntimeError(f"boom after {len(activations)} bytes")


def load(device):
    return Engine()


def infer(engine):
    forward(failing=False)


def failed(words):
    error = RequestFailed(words)
    return error


def fail(engine):
    words = None
    try:
        forward(failing=True)
    except RuntimeError as error:
        words = str(error)
    engine.failures = (*engine.failures, answer(words))
    raise engine.failures[-1]


def answer(words):
    try:
        raise failed(words) from None
    except RequestFailed as error:
        return error.with_traceback(None)
