"""The coroutine is closed. Twin of fail/coroutine_never_resumed.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import types


@types.coroutine
def turn():
    yield


async def request():
    kv = b"x" * (100 << 20)
    await turn()
    return len(kv)


class Scheduler:
    def __init__(self):
        self.waiting = []


def load(device):
    return Scheduler()


def step(scheduler, failing):
    running = request()
    running.send(None)
    scheduler.waiting.append(running)
    try:
        if failing:
            raise RuntimeError("boom")
    finally:
        scheduler.waiting.remove(running)
        running.close()


def infer(scheduler):
    step(scheduler, failing=False)


def fail(scheduler):
    step(scheduler, failing=True)


def unload(scheduler):
    for running in scheduler.waiting:
        running.close()
