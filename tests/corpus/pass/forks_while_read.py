"""Helpers are forked again and again, and nothing is kept. Twin of fail/forks_while_read_leaks.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import os
import threading
import time


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
    raise RuntimeError(len(activations))
