"""A helper process outlives the worker that started it.

Stands for ai-dynamo/dynamo#2894: the engine process stays when its parent has crashed, and holds
the whole card. Twin: pass/child_ends.py.
---
reason: survivors
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 2s}
"""

import subprocess
import sys


def load(device):
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", __file__])


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    raise RuntimeError(len(activations))
