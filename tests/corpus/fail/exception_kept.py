"""An engine that remembers its last error: the traceback holds every local of the failed frames.

Stands for vllm-project/vllm-omni#6385: the exception of a failed generation was stored, and 2.7
GiB with it each time. Twin: pass/exception_dropped.py.
---
reason: leak
holder: {kind: traceback, name: Engine.last_error}
retained: 200MiB
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
        activations = b"x" * (200 << 20)  # kept
        raise RuntimeError(f"boom after {len(activations)} bytes")
    except RuntimeError as error:
        engine.last_error = error
        raise
