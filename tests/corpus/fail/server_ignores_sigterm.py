"""A server that doesn't end when it is asked to: it is named, and killed. Twin:
pass/server_request_freed.py.
---
reason: survivors
settle: {timeout: 2s}
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import signal

from server import Failed, serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    activations = b"x" * (150 << 20)
    raise Failed(503, f"out of memory after {len(activations)} bytes")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    serve({"/infer": infer, "/fail": fail})
