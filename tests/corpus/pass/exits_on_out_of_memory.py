"""A server that is meant to go down when it runs out of memory, so that it is started afresh.
---
reason: returned-to-baseline
faults: [{kind: oom, after: exited, expect: {exit_code: [9], output: "out of memory, going down"}}]
repeat: 2
"""

import os


def load(device):
    return b"x" * (150 << 20)


def infer(model, size=1):
    try:
        return len(b"x" * ((100 << 20) * size))
    except MemoryError:
        print("out of memory, going down", flush=True)
        os._exit(9)
