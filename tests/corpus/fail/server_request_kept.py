"""The server keeps what a failed request had reserved, and stays up.

Stands for vllm-project/vllm#46283 and vllm-project/vllm-omni#6385: what an aborted request held is
never reclaimed. Twin: pass/server_request_freed.py.
---
reason: leak
retained: 300MiB
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import Failed, serve

REQUESTS = []


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    REQUESTS.append(b"x" * (150 << 20))
    raise Failed(503, f"out of memory after {len(REQUESTS)} requests")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
