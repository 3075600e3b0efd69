"""An error, but not the one that is expected: a typo in the request is no fault.
---
reason: fault-not-fired
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import Failed, serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    activations = b"x" * (150 << 20)
    raise Failed(400, f"unknown field after {len(activations)} bytes")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
