"""The daemon lets go of what it took for the failed request. Twin of
fail/reparented_child_keeps.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
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
            del held
            os.write(told, b"!")
            os.read(life[0], 1)
        os._exit(0)
    os.wait()
    os.read(ready, 1)
    raise RuntimeError("the request was handed to a daemon, and failed there")


def unload(life):
    os.close(life[1])
