"""Each failed request leaves a little: within the tolerance, and more after every one. Twin:
pass/server_request_freed.py.
---
reason: growth-per-error
repeat: 6
control: 3
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import Failed, serve

LOG = []


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    activations = b"x" * (150 << 20)
    LOG.append(activations[: 6 << 20] + b"y")
    raise Failed(503, f"out of memory after {len(activations)} bytes")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
