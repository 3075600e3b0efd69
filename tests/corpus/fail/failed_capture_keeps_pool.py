"""A capture that fails never says that it has ended, so its pool is in use for ever.

Stands for pytorch/pytorch#190348 and #190308: a failed graph capture keeps its private pool until
the process exits. Twin: pass/failed_capture_frees_pool.py.
---
reason: leak
retained: 150MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 1s}
"""


class Pool:
    users = 0

    def __init__(self):
        self.blocks = []

    def begin(self):
        self.users += 1

    def end(self):
        self.users -= 1
        if not self.users:
            self.blocks.clear()


def load(device):
    return Pool()


def work(pool, blocks):
    for number in range(blocks):
        if number == 3:
            raise RuntimeError("an operation that can't be captured")
        pool.blocks.append(b"x" * (50 << 20))


def infer(pool):
    capture(pool, 2)


def fail(pool):
    capture(pool, 4)


def capture(pool, blocks):
    pool.begin()
    work(pool, blocks)
    pool.end()
