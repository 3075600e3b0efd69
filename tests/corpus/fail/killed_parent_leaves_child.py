"""The worker is killed in the middle of an inference, and its child lives on with 150 MiB.

Stands for vllm-project/vllm#55510: engine-core and tensor-parallel workers survive the kill of
their API server. Twin: pass/killed_parent_takes_child.py.
---
reason: survivors
faults: [kill]
settle: {timeout: 2s}
"""

import subprocess
import sys
import time

CHILD = "held = b'x' * (150 << 20); import time; time.sleep(600)"


def load(device):
    return subprocess.Popen([sys.executable, "-c", CHILD, __file__])


def infer(model):
    time.sleep(0.3)
