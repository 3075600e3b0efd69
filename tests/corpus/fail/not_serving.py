"""After the first error every request fails: the lock is never given back.

Stands for ggml-org/llama.cpp#13085: a server that ran out of memory on its first request stays up,
unresponsive. Twin: pass/serves_again.py.
---
reason: not-serving
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
    lock.acquire(timeout=0.1)
    activations = b"x" * (100 << 20)
    raise RuntimeError(len(activations))
