"""The same server answers the error and stays up: that isn't the end that was asked for.

Stands for sgl-project/sglang#4730: a server that runs out of memory and does not end is not
started afresh either. Twin of pass/exits_on_out_of_memory.py.
---
reason: fault-not-fired
faults: [{kind: oom, after: exited, expect: {exit_code: [9]}}]
repeat: 1
workload: {kind: python, file: "{file}", timeouts: {exit: 1s}}
settle: {timeout: 1s}
"""


def load(device):
    return "model"


def infer(model, size=1):
    return len(b"x" * ((100 << 20) * size))
