"""Blocks of failed requests stay reserved in a pool that the engine took at its start: the driver sees
nothing of it.

Stands for vllm-project/vllm-ascend#16662: each cancelled request leaks blocks until no request is
admitted. Twin: pass/server_blocks_returned.py.
---
reason: gauge-not-restored
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
    IN_USE.add(len(IN_USE))
    time.sleep(0.4)
    raise Failed(503, "out of memory in the pool")


if __name__ == "__main__":
    serve({"/infer": infer, "/fail": fail, "/metrics": metrics})
