"""A capture ends however it ends. Twin of fail/failed_capture_keeps_pool.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
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
    try:
        work(pool, blocks)
    finally:
        pool.end()
