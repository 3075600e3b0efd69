"""The lock that the error path took is never given back, and the workload can't even end.

Stands for vllm-project/vllm#39846: the clean-up waits for ever, and the worker is orphaned. Twin:
pass/serves_again.py.
---
reason: survivors
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
workload: {kind: python, file: "{file}", timeouts: {exit: 1s}}
settle: {timeout: 2s}
"""

import threading


def load(device):
    return threading.Lock()


def infer(lock):
    return len(b"x" * (100 << 20))


def fail(lock):
    lock.acquire()
    activations = b"x" * (100 << 20)
    raise RuntimeError(len(activations))


def unload(lock):
    lock.acquire()
