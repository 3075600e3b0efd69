"""Native code aborts when its allocation fails: the limit killed it, the error was never handled.

Stands for ggml-org/llama.cpp#28338: out of memory, the process aborts.
---
reason: fault-not-fired
faults: [oom]
repeat: 1
"""

import os


def load(device):
    return "model"


def infer(model, size=1):
    try:
        return len(b"x" * ((100 << 20) * size))
    except MemoryError:
        os.abort()
