"""A cache that the largest healthy request fills is there at the baseline: what a failed request leaves
in it is nothing more.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import Failed, serve

CACHE = []


def infer(handler, body):
    CACHE[:] = [b"x" * (150 << 20)]
    return str(len(CACHE)).encode()


def fail(handler, body):
    activations = b"x" * (100 << 20)
    CACHE[:] = [b"y" * (150 << 20)]
    raise Failed(503, f"out of memory after {len(activations)} bytes")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
