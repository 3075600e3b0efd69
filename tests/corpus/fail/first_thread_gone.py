"""A child whose first thread has ended looks like a zombie, and holds 150 MiB in another thread.

Twin: pass/child_lets_go.py.
---
reason: survivors
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 2s}
"""

import subprocess
import sys

CHILD = """
import ctypes, threading, time
def hold():
    held = b"x" * (150 << 20)
    print("ready", flush=True)
    time.sleep(600)
threading.Thread(target=hold).start()
time.sleep(0.3)
ctypes.CDLL(None).syscall(60, 0)
"""


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    child = subprocess.Popen([sys.executable, "-c", CHILD, __file__], stdout=subprocess.PIPE)
    line = child.stdout.readline()
    raise RuntimeError(line)
