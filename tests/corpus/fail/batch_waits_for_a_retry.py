"""A failed batch is put into a queue for a retry, by a worker that is gone.

Stands for XLabs-AI/x-flux-comfyui#41: after an out-of-memory error the queue is stuck, and memory
is kept. Twin: pass/batch_retried_once.py.
---
reason: leak
holder: {kind: object, name: "Engine.jobs.queue[0]"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import queue


class Engine:
    def __init__(self):
        self.jobs = queue.Queue()


def load(device):
    return Engine()


def serve(engine, failing):
    batch = b"x" * (100 << 20)  # kept
    engine.jobs.put(batch)
    if failing:
        raise RuntimeError("boom")
    engine.jobs.get()


def infer(engine):
    serve(engine, failing=False)


def fail(engine):
    serve(engine, failing=True)
