"""The error path lets the task finish. Twin of fail/task_never_awaited.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import asyncio


class Engine:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.tasks = {}

    async def request(self, aborted):
        kv = b"x" * (100 << 20)
        await aborted.wait()
        return len(kv)


async def serve(engine, failing):
    aborted = asyncio.Event()
    task = asyncio.ensure_future(engine.request(aborted))
    engine.tasks[task] = aborted
    await asyncio.sleep(0)
    await finish(engine, task)
    return "boom" if failing else "fine"


async def finish(engine, task):
    engine.tasks.pop(task).set()
    await task


def load(device):
    return Engine()


def infer(engine):
    engine.loop.run_until_complete(serve(engine, failing=False))


def fail(engine):
    raise RuntimeError(engine.loop.run_until_complete(serve(engine, failing=True)))


def unload(engine):
    for task in list(engine.tasks):
        engine.loop.run_until_complete(finish(engine, task))
    engine.loop.close()
