"""Memory is back after the error, and every request is refused from then on.

Stands for triton-inference-server/server#5765: after an illegal access the server keeps failing,
and never exits. Twin: pass/server_request_freed.py.
---
reason: not-serving
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import Failed, serve

BROKEN = []


def infer(handler, body):
    if BROKEN:
        raise Failed(500, "the context is broken")
    return b"ok"


def fail(handler, body):
    activations = b"x" * (150 << 20)
    BROKEN.append(1)
    raise Failed(503, f"out of memory after {len(activations)} bytes")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
