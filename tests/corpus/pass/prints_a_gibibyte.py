"""A gibibyte of output before the line that tells of the error: the line is found, the rest is not
kept.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {recovers: true, output: "^engine: out of memory$"}}]
repeat: 1
"""

import os

FLOOD = (b"x" * 79 + b"\n") * ((1 << 20) // 80)


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (100 << 20)
    left = 1 << 30
    while left > 0:
        left -= os.write(1, FLOOD)
    os.write(2, b"\nengine: out of memory\n")
    return len(activations)
