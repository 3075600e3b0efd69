"""A request is a task, and leaves the list when it is done.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [oom-sweep]
"""

import asyncio

import torch


class Engine:
    def __init__(self):
        self.weight = torch.ones(8, 8)
        self.tasks = []

    async def forward(self):
        x = torch.ones(1 << 20, 8)
        await asyncio.sleep(0)
        return (x @ self.weight).sum()

    async def serve(self):
        task = asyncio.ensure_future(self.forward())
        self.tasks.append(task)
        await asyncio.wait([task])
        self.tasks.remove(task)
        return None if task.exception() else task.result()


def load(device):
    return Engine()


def infer(engine):
    if asyncio.run(engine.serve()) is None:
        raise RuntimeError("the request failed")
