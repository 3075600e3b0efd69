"""A request that fails after it allocated is forgotten by the server. Twin of
fail/server_request_kept.py.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import Failed, serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    activations = b"x" * (150 << 20)
    raise Failed(503, f"out of memory after {len(activations)} bytes")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
