"""The answer is complete before the client can go away: nothing was dropped.
---
reason: fault-not-fired
workload: {kind: server}
faults: [{kind: disconnect, url: "http://127.0.0.1:{port}/stream", after_bytes: 1MiB}]
"""

from server import serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def stream(handler, body):
    return str(len(b"x" * (150 << 20))).encode()


if __name__ == "__main__":
    serve({"/infer": infer, "/stream": stream})
