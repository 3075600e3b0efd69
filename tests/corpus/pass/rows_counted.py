"""The rows are counted. Twin of fail/rows_of_a_failed_batch.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

FAILED = {}


def load(device):
    return "model"


def serve(failing):
    row = (len(FAILED), b"x" * (100 << 20))
    if failing:
        FAILED[f"row-{row[0]}"] = row[:1]
        raise RuntimeError("boom")


def infer(model):
    serve(failing=False)


def fail(model):
    serve(failing=True)
