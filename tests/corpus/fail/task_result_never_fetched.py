"""A task that failed is kept in a list: it holds its exception, and that its frames.

Stands for vllm-project/vllm#14326: aborted requests stay in the engine's books. Twin:
pass/task_result_fetched.py.
---
reason: leak
holder: {kind: traceback, name: "Engine.tasks[0]._exception"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import asyncio


class Engine:
    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.tasks = []


async def request(failing):
    kv = b"x" * (100 << 20)  # kept
    await asyncio.sleep(0)
    if failing:
        raise RuntimeError(f"boom after {len(kv)} bytes")


async def serve(engine, failing):
    task = asyncio.ensure_future(request(failing))
    engine.tasks.append(task)
    await asyncio.wait([task])
    if failing:
        return str(task.exception())
    engine.tasks.remove(task)
    return "fine"


def load(device):
    return Engine()


def infer(engine):
    engine.loop.run_until_complete(serve(engine, failing=False))


def fail(engine):
    raise RuntimeError(engine.loop.run_until_complete(serve(engine, failing=True)))


def unload(engine):
    engine.loop.close()
