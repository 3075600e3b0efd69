"""An engine with a pool whose gauge doesn't move: nothing was at stake.
---
reason: nothing-at-stake
workload:
  kind: server
  gauge: {url: "http://127.0.0.1:{port}/metrics", metric: "engine:kv_cache_usage"}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

from server import Failed, serve

POOL = b"x" * (150 << 20)
IN_USE = set()


def metrics(handler, body):
    return f'# TYPE engine:kv_cache_usage gauge\nengine:kv_cache_usage{{id="0"}} {len(IN_USE) / 100}\n'.encode()


def infer(handler, body):
    return b"ok"


def fail(handler, body):
    raise Failed(503, "out of memory in the pool")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail, "/metrics": metrics})
