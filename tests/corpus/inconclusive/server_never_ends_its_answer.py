"""The failing request gets a stream that never ends: it is ended by its deadline.
---
reason: fault-timeout
workload: {kind: server, timeouts: {infer: 1s}}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import time

from server import serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    handler.stream(b"." for _ in iter(lambda: time.sleep(0.01), 1))


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
