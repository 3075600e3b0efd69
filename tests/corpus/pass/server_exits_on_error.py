"""A server that is meant to end with its error, and does, with all that it had.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", after: exited, expect: {exit_code: [3], output: out of memory}}]
"""

import os

from server import serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    activations = b"x" * (150 << 20)
    print(f"out of memory after {len(activations)} bytes", flush=True)
    os._exit(3)


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
