"""The child reads from its parent's pipe and ends when that ends.

Twin of fail/killed_parent_leaves_child.py.
---
reason: returned-to-baseline
faults: [kill]
repeat: 2
"""

import subprocess
import sys
import time

CHILD = "held = b'x' * (150 << 20); import sys; sys.stdin.read()"


def load(device):
    return subprocess.Popen([sys.executable, "-c", CHILD, __file__], stdin=subprocess.PIPE)


def infer(model):
    activations = b"x" * (150 << 20)
    time.sleep(0.3)
    return len(activations)
