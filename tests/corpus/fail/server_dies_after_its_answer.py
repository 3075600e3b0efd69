"""The error is answered, and then the whole server ends, though it is to go on serving.
---
reason: workload-died
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import os
import threading

from server import Failed, serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    activations = b"x" * (150 << 20)
    threading.Timer(0.2, os._exit, [1]).start()
    raise Failed(503, f"out of memory after {len(activations)} bytes")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
