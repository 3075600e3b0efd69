"""The helper process is ended with the model. Twin of fail/child_survives.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
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


def unload(model):
    model.terminate()
    model.wait()
