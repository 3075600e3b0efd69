"""The cache of a request goes with the request, failed or not. Twin of fail/request_cache_kept.py.
---
reason: returned-to-baseline
faults: [oom]
"""

CACHES = {}


def load(device):
    return "model"


def infer(model, size=1):
    request = len(CACHES)
    CACHES[request] = b"x" * (80 << 20)
    try:
        activations = [b"x" * (32 << 20) for _ in range(8 * size)]
        return len(activations)
    finally:
        del CACHES[request]
