"""Six requests fail at once among six healthy ones, and nothing of them stays. Twin of
fail/server_burst_kept.py.
---
reason: returned-to-baseline
workload: {kind: server}
faults: [{kind: request, concurrent: 6, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import time

from server import Failed, serve


def infer(handler, body):
    activations = b"x" * (10 << 20)
    time.sleep(0.1)
    return str(len(activations)).encode()


def fail(handler, body):
    activations = b"x" * (40 << 20)
    time.sleep(0.1)
    raise Failed(503, f"out of memory after {len(activations)} bytes")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
