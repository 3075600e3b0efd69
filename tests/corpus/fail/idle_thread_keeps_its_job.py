"""A thread waits for its next job with the last one still in a local variable.

Stands for Comfy-Org/ComfyUI#9830: after a batch of 30 runs out of memory, one of 20 does as well.
Twin: pass/idle_thread_lets_go.py.
---
reason: leak
holder: {kind: frame, name: "thread worker → batch in serve()"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
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
            batch = b"x" * (100 << 20)  # kept
            if failing:
                self.answers.put("boom")
                continue
            batch = None
            self.answers.put("fine")


def load(device):
    return Engine()


def infer(engine):
    engine.jobs.put(False)
    engine.answers.get()


def fail(engine):
    engine.jobs.put(True)
    raise RuntimeError(engine.answers.get())
