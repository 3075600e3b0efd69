"""Records are formatted before they are buffered. Twin of fail/logged_with_its_traceback.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
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
    activations = b"x" * (100 << 20)
    if failing:
        raise RuntimeError(f"boom after {len(activations)} bytes")


def infer(model):
    forward(failing=False)


def fail(model):
    try:
        forward(failing=True)
    except RuntimeError as error:
        log.error("request failed: " + str(error))
        raise
