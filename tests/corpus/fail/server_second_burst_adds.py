"""With repeat: 1 a second burst tells a leak from a cache: this keeps both. Twin:
pass/server_exception_dropped.py.
---
reason: leak
retained: 300MiB
repeat: 1
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import Failed, serve

KEPT = []


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    KEPT.append(b"x" * (150 << 20))
    raise Failed(503, f"out of memory after {len(KEPT)} requests")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
