"""A client goes away before the answer begins, as one that is tired of waiting does.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [{kind: disconnect, url: "http://127.0.0.1:{port}/stream", after_time: 200ms}]
"""

import time

from server import serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def stream(handler, body):
    cache = b"x" * (150 << 20)
    time.sleep(0.5)
    return cache[:10]


if __name__ == "__main__":
    serve({"/infer": infer, "/stream": stream})
