"""A request is a task. Nobody awaits the one that failed: it stays in the list, with its error.

Stands for vllm-project/vllm-omni#6368: the exception of a worker's call is stored in its future. Twin: pass/sweep_task_awaited.py.
---
reason: leak
point: "return (x @ self.weight).sum()"
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
        if task.exception() is None:
            self.tasks.remove(task)
            return task.result()
        return None


def load(device):
    return Engine()


def infer(engine):
    if asyncio.run(engine.serve()) is None:
        raise RuntimeError("the request failed")
