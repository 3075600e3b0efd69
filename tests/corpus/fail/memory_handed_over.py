"""A child fills a shared segment and hands it to its parent, which keeps it and never touches it.

Stands for tensors sent through a torch queue: no process's shares show them. Twin:
pass/memory_handed_back.py.
---
reason: leak
retained: 200MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import os
import time

KEPT = []


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    segment = os.memfd_create("batch")
    if os.fork() == 0:
        for _ in range(200):
            os.write(segment, b"x" * (1 << 20))
        os._exit(0)
    os.wait()
    time.sleep(0.3)
    KEPT.append(segment)
    raise RuntimeError("the batch was refused")
