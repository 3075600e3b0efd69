"""A failed batch isn't queued. Twin of fail/batch_waits_for_a_retry.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import queue


class Engine:
    def __init__(self):
        self.jobs = queue.Queue()


def load(device):
    return Engine()


def serve(engine, failing):
    batch = b"x" * (100 << 20)
    engine.jobs.put(batch)
    try:
        if failing:
            raise RuntimeError("boom")
    finally:
        engine.jobs.get()


def infer(engine):
    serve(engine, failing=False)


def fail(engine):
    serve(engine, failing=True)
