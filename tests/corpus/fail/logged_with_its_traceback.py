"""A handler that buffers log records until somebody asks for them: exc_info is the exception
itself.

Stands for pytorch/pytorch#10348: memory grows when exceptions are caught and logged in training.
Twin: pass/logged_as_text.py.
---
reason: leak
holder: {kind: traceback, name: "exc_info"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import logging
import logging.handlers

log = logging.getLogger("engine")
log.propagate = False
buffer = logging.handlers.MemoryHandler(capacity=1000, flushLevel=logging.CRITICAL)


def load(device):
    log.addHandler(buffer)
    return "model"


def forward(failing):
    activations = b"x" * (100 << 20)  # kept
    if failing:
        raise RuntimeError(f"boom after {len(activations)} bytes")


def infer(model):
    forward(failing=False)


def fail(model):
    try:
        forward(failing=True)
    except RuntimeError as error:
        log.error("request failed", exc_info=True)
        raise
