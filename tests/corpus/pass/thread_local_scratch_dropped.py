"""The scratch memory is dropped either way. Twin of fail/thread_local_scratch.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import threading

scratch = threading.local()


def load(device):
    return "model"


def serve(failing):
    scratch.batch = b"x" * (100 << 20)
    try:
        if failing:
            raise RuntimeError("boom")
    finally:
        del scratch.batch


def infer(model):
    serve(failing=False)


def fail(model):
    serve(failing=True)
