"""A failed request leaves a process that has lost its parent, its session and its name, and keeps
150 MiB until the model is unloaded.

Stands for sgl-project/sglang#23627: processes that were re-parented to init and left their job's
group hold 101 GB a card. Twin: pass/reparented_child_lets_go.py.
---
reason: leak
retained: 150MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 2s}
"""

import ctypes
import os
import time

PR_SET_NAME = 15


def load(device):
    return os.pipe()


def infer(life):
    return len(b"x" * (100 << 20))


def fail(life):
    ready, told = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            ctypes.CDLL(None).prctl(PR_SET_NAME, b"kworker/0:1", 0, 0, 0)
            os.chdir("/")
            os.close(life[1])
            held = b"x" * (150 << 20)
            time.sleep(0.3)
            os.write(told, b"!")
            os.read(life[0], 1)
        os._exit(0)
    os.wait()
    os.read(ready, 1)
    raise RuntimeError("the request was handed to a daemon, and failed there")


def unload(life):
    os.close(life[1])
