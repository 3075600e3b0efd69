"""Two replicas fail in threads, and the futures that carry their exceptions are kept.

Stands for pytorch/pytorch#18853: a single GPU recovers, the same model over replicas doesn't,
because the exception object keeps the replicas' frames. Twin: pass/replica_futures_dropped.py.
---
reason: leak
retained: 150MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 1s}
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
    LAST[0].result()
