"""A small child of a failed request is there when the server has gone. Twin: pass/server_child_ends.py.
---
reason: survivors
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import subprocess

from server import Failed, serve


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    activations = b"x" * (150 << 20)
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    raise Failed(503, f"out of memory after {len(activations)} bytes")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
