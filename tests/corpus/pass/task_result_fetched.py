"""The task is taken off the books. Twin of fail/task_result_never_fetched.py.
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
        self.tasks = []


async def request(failing):
    kv = b"x" * (100 << 20)
    await asyncio.sleep(0)
    if failing:
        raise RuntimeError(f"boom after {len(kv)} bytes")


async def serve(engine, failing):
    task = asyncio.ensure_future(request(failing))
    engine.tasks.append(task)
    await asyncio.wait([task])
    engine.tasks.remove(task)
    if failing:
        return str(task.exception())
    return "fine"


def load(device):
    return Engine()


def infer(engine):
    engine.loop.run_until_complete(serve(engine, failing=False))


def fail(engine):
    raise RuntimeError(engine.loop.run_until_complete(serve(engine, failing=True)))


def unload(engine):
    engine.loop.close()
