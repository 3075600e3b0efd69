"""What the workload printed is heard, though it never flushed and prints into a pipe.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {recovers: true, output: "recovered from error"}}]
repeat: 2
workload: {kind: python, file: "{file}", env: {PYTHONUNBUFFERED: ""}}
"""


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    activations = b"x" * (150 << 20)
    print(f"recovered from error after {len(activations)} bytes")
