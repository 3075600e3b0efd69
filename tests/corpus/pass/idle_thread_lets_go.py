"""The thread lets go of a job before it waits. Twin of fail/idle_thread_keeps_its_job.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import queue
import threading


class Engine:
    def __init__(self):
        self.jobs = queue.Queue()
        self.answers = queue.Queue()
        threading.Thread(target=self.serve, name="worker", daemon=True).start()

    def serve(self):
        while True:
            failing = self.jobs.get()
            batch = b"x" * (100 << 20)
            size = len(batch)
            batch = None
            self.answers.put("boom" if failing else size)


def load(device):
    return Engine()


def infer(engine):
    engine.jobs.put(False)
    engine.answers.get()


def fail(engine):
    engine.jobs.put(True)
    raise RuntimeError(engine.answers.get())
