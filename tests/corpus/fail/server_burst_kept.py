"""Of requests that fail at once one is forgotten to be cleared up after; alone each would be.

Stands for sgl-project/sglang#16067: what a failed step of the scheduler held. Twin:
pass/server_burst_freed.py.
---
reason: leak
workload: {kind: server}
faults: [{kind: request, concurrent: 6, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import threading
import time

from server import Failed, serve

LOCK = threading.Lock()
RUNNING = []
FORGOTTEN = []


def infer(handler, body):
    activations = b"x" * (10 << 20)
    time.sleep(0.1)
    return str(len(activations)).encode()


def fail(handler, body):
    activations = b"x" * (40 << 20)
    with LOCK:
        RUNNING.append(activations)
    time.sleep(0.2)
    with LOCK:
        if len(RUNNING) > 1:
            FORGOTTEN.append(RUNNING.pop())
        else:
            RUNNING.clear()
    raise Failed(503, "out of memory")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
