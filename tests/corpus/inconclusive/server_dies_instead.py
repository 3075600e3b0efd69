"""The server dies instead of answering: that is not the error that was to be tested.
---
reason: fault-not-fired
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import os

from server import serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    activations = b"x" * (150 << 20)
    os._exit(len(activations) % 7)


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
