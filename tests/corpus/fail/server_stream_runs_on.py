"""A client goes away in the middle of a stream, and nobody tells the task that computes it.

Stands for vllm-project/vllm#14326: aborted requests keep running. Twin:
pass/server_stream_dropped.py.
---
reason: leak
retained: 300MiB
workload: {kind: server}
faults: [{kind: disconnect, url: "http://127.0.0.1:{port}/stream", after_bytes: 3B}]
"""

import queue
import threading
import time

from server import serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def compute(tokens):
    cache = b"x" * (150 << 20)
    while cache:
        time.sleep(0.02)
        tokens.put(b"token ")


def stream(handler, body):
    tokens = queue.Queue()
    threading.Thread(target=compute, args=(tokens,), daemon=True).start()
    handler.stream(iter(tokens.get, None))


if __name__ == "__main__":
    serve({"/infer": infer, "/stream": stream})
