"""The futures go before their error is passed on. Twin of fail/replica_futures_kept.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

from concurrent.futures import ThreadPoolExecutor

LAST = []


def load(device):
    return ThreadPoolExecutor(2)


def infer(pool):
    return sum(pool.map(lambda _: len(b"x" * (50 << 20)), range(2)))


def replica(rank):
    activations = b"x" * (75 << 20)
    raise RuntimeError(f"replica {rank} is out of memory after {len(activations)} bytes")


def fail(pool):
    LAST[:] = [pool.submit(replica, rank) for rank in range(2)]
    try:
        LAST.pop().result()
    finally:
        LAST.clear()
