"""An engine that keeps its error, and ends when it fails once more than it is tested for.

The verdict stands, and what was found before the end is told: all but the line of the allocation.
Stands for ggml-org/llama.cpp#28338: out of memory aborts the server in the end.
Twin: pass/exception_dropped.py.
---
reason: leak
retained: 200MiB
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 2
settle: {timeout: 1s}
holder: {kind: traceback, name: Engine.last_error}
"""

import os


class Engine:
    last_error = None
    failures = 0


def load(device):
    return Engine()


def infer(engine):
    return len(b"x" * (100 << 20))


def forward(activations):
    raise RuntimeError(f"boom after {len(activations)} bytes")


def fail(engine):
    engine.failures += 1
    if engine.failures > 2:
        os._exit(3)
    try:
        activations = b"x" * (200 << 20)
        forward(activations)  # kept
    except RuntimeError as error:
        engine.last_error = error
        raise
