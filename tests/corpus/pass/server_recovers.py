"""A server that is meant to help itself: it answers 200, and its log shows the error.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {recovers: true, output: out of memory}}]
"""

from server import serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    activations = b"x" * (150 << 20)
    print(f"out of memory after {len(activations)} bytes, trying less", flush=True)
    return b"less"


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
