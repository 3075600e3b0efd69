"""A healthy answer without an end.
---
reason: workload-failed
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import serve


def infer(handler, body):
    handler.stream(b"x" * (1 << 20) for _ in range(1024))


if __name__ == "__main__":
    serve({"/infer": infer})
