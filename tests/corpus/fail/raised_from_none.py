"""A partial fix: the engine's own error is raised `from None`, and still has the first one as its
`__context__`.

Stands for huggingface/trl#5776: the chained exceptions of a failed test held 2.4 GiB. Twin:
pass/raised_after_the_except.py.
---
reason: leak
holder: {kind: traceback, name: "Engine.failures[0]"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

class RequestFailed(RuntimeError):
    pass


class Engine:
    failures = ()


def forward(failing):
    activations = b"x" * (100 << 20)  # kept
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
