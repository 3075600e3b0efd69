"""A thread forks short-lived helpers again and again, in the middle of readings, too, and a failed
request keeps 200 MiB. (How much is shown rests on whether the last reading met a helper, which has
a share of it.)

Twin: pass/forks_while_read.py.
---
reason: leak
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 2s}
"""

import os
import threading
import time

KEPT = []


def load(device):
    model = b"x" * (20 << 20)
    threading.Thread(target=fork_again_and_again, daemon=True).start()
    return model


def fork_again_and_again():
    while True:
        child = os.fork()
        if child == 0:
            time.sleep(0.003)
            os._exit(0)
        os.waitpid(child, 0)
        time.sleep(0.2)


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (200 << 20)
    KEPT.append(activations)
    raise RuntimeError(len(activations))
