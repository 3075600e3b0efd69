"""A scheduler that drives coroutines by hand forgets the one that waited when its step failed.

Stands for sgl-project/sglang#16067: a scheduling step that fails leaks its requests. Twin:
pass/coroutine_closed.py.
---
reason: leak
holder: {kind: frame, name: "Scheduler.waiting[0]"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import types


@types.coroutine
def turn():
    yield


async def request():
    kv = b"x" * (100 << 20)  # kept
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
    if failing:
        raise RuntimeError("boom")
    scheduler.waiting.remove(running)
    running.close()


def infer(scheduler):
    step(scheduler, failing=False)


def fail(scheduler):
    step(scheduler, failing=True)


def unload(scheduler):
    for running in scheduler.waiting:
        running.close()
