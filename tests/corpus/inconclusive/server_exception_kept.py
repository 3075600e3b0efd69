"""The last exception is kept, and with its traceback the request's memory: one at a time, so that from
outside it looks like a cache.

Stands for vllm-project/vllm-omni#6385. Twin: pass/server_exception_dropped.py.
---
reason: cache-or-leak
workload: {kind: server}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import Failed, serve

LAST = None


def infer(handler, body):
    return str(len(b"x" * (100 << 20))).encode()


def fail(handler, body):
    global LAST
    try:
        run_out()
    except Failed as error:
        LAST = error
        raise


def run_out():
    activations = b"x" * (150 << 20)
    raise Failed(503, f"out of memory after {len(activations)} bytes")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail})
