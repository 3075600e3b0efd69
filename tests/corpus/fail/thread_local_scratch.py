"""Each thread has its scratch memory in a thread-local; an error leaves it there.

Stands for sgl-project/sglang#951: 73.16 GiB before a test, 77.06 GiB after it. Twin:
pass/thread_local_scratch_dropped.py.
---
reason: leak
holder: {kind: object, name: "thread_local_scratch.scratch"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import threading

scratch = threading.local()


def load(device):
    return "model"


def serve(failing):
    scratch.batch = b"x" * (100 << 20)  # kept
    if failing:
        raise RuntimeError("boom")
    del scratch.batch


def infer(model):
    serve(failing=False)


def fail(model):
    serve(failing=True)
