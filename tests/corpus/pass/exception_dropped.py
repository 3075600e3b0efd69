"""The engine keeps the words of its last error, not the exception. Twin of fail/exception_kept.py.

Also what shows that the worker itself lets go: big locals are alive when the error passes through.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
"""


class Engine:
    last_error = None


def load(device):
    return Engine()


def infer(engine):
    return len(b"x" * (100 << 20))


def fail(engine):
    try:
        activations = b"x" * (200 << 20)
        raise RuntimeError(f"boom after {len(activations)} bytes")
    except RuntimeError as error:
        engine.last_error = str(error)
        raise
