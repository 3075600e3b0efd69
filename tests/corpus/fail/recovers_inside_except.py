"""A server recovers by serving on from inside the `except` block: the error lives as long as it.

Stands for pytorch/pytorch#26188: after a move to the device that ran out of memory and was caught,
10 GB stay taken where 0.9 were expected. Twin: pass/recovers_after_except.py.
---
reason: leak
retained: 150MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 1s}
"""

import queue
import threading

REQUESTS, REPLIES = queue.Queue(), queue.Queue()


def to_device(size):
    moved = b"x" * size
    if size > 100 << 20:
        raise RuntimeError(f"out of memory with {len(moved)} bytes moved")
    return "moved"


def serve():
    while True:
        try:
            REPLIES.put(to_device(REQUESTS.get()))
        except RuntimeError as error:
            REPLIES.put(str(error))
            serve()


def load(device):
    threading.Thread(target=serve, daemon=True).start()


def infer(model):
    REQUESTS.put(100 << 20)
    return REPLIES.get()


def fail(model):
    REQUESTS.put(150 << 20)
    raise RuntimeError(REPLIES.get())
