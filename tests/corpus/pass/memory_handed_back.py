"""The segment that a child filled is closed on the way out of the error.

Twin of fail/memory_handed_over.py. The kernel keeps no high-water mark of a file that nobody maps, so
that the batch stays a moment: on a busy machine nobody may look for as long as filling it takes.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import os
import time

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
    os.close(segment)
    raise RuntimeError("the batch was refused")
