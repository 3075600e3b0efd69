"""The lock is given back on the way out of the error. Twin of fail/not_serving.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import threading


def load(device):
    return threading.Lock()


def infer(lock):
    if not lock.acquire(timeout=0.1):
        raise TimeoutError("the engine is busy")
    activations = b"x" * (100 << 20)
    lock.release()
    return len(activations)


def fail(lock):
    with lock:
        activations = b"x" * (100 << 20)
        raise RuntimeError(len(activations))
