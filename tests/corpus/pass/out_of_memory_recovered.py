"""The inference is meant to recover, and its log shows that it had to.
---
reason: returned-to-baseline
faults: [{kind: oom, expect: {recovers: true, output: "retrying with a smaller batch"}}]
repeat: 2
"""


def load(device):
    return "model"


def infer(model, size=1):
    try:
        return len(b"x" * ((300 << 20) * size))
    except MemoryError:
        print("out of memory, retrying with a smaller batch", flush=True)
        return len(b"x" * (100 << 20))
