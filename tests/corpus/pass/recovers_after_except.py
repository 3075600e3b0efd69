"""The server leaves the `except` block before it serves on. Twin of
fail/recovers_inside_except.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
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
            reply = to_device(REQUESTS.get())
        except RuntimeError as error:
            reply = str(error)
        REPLIES.put(reply)


def load(device):
    threading.Thread(target=serve, daemon=True).start()


def infer(model):
    REQUESTS.put(100 << 20)
    return REPLIES.get()


def fail(model):
    REQUESTS.put(150 << 20)
    raise RuntimeError(REPLIES.get())
