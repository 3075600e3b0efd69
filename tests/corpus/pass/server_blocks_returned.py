"""Blocks of a failed request go back to the engine's pool: its gauge shows that they were taken, and
that they are back. Twin of fail/server_blocks_kept.py.
---
reason: returned-to-baseline
workload:
  kind: server
  gauge: {url: "http://127.0.0.1:{port}/metrics", metric: "engine:kv_cache_usage"}
faults: [{kind: request, url: "http://127.0.0.1:{port}/fail", expect: {status: [503], body: out of memory}}]
"""

import time

from server import Failed, serve

POOL = b"x" * (150 << 20)
IN_USE = set()


def metrics(handler, body):
    return f'# TYPE engine:kv_cache_usage gauge\nengine:kv_cache_usage{{id="0"}} {len(IN_USE) / 100}\n'.encode()


def infer(handler, body):
    return b"ok"


def fail(handler, body):
    IN_USE.add(0)
    time.sleep(0.4)
    IN_USE.clear()
    raise Failed(503, "out of memory in the pool")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail, "/metrics": metrics})
