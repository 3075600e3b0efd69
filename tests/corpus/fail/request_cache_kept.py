"""Caches of failed requests stay in the table: only the success path takes them out.

Stands for vllm-project/vllm#46283: KV blocks of aborted requests are never reclaimed. Under a real
failed allocation. Twin: pass/request_cache_freed.py.
---
reason: leak
retained: 160MiB
faults: [oom]
"""

CACHES = {}


def load(device):
    return "model"


def infer(model, size=1):
    request = len(CACHES)
    CACHES[request] = b"x" * (80 << 20)
    activations = [b"x" * (32 << 20) for _ in range(8 * size)]
    del CACHES[request]
    return len(activations)
