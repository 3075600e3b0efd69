"""The rows of failed batches are kept as plain tuples in a plain dict: nothing that the collector
tracks.

Stands for ggml-org/llama.cpp#27155: memory accumulates over cycles that fail. Twin:
pass/rows_counted.py.
---
reason: leak
holder: {kind: object, name: "FAILED['row-0'][1]"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

FAILED = {}


def load(device):
    return "model"


def serve(failing):
    row = (len(FAILED), b"x" * (100 << 20))  # kept
    if failing:
        FAILED[f"row-{row[0]}"] = row
        raise RuntimeError("boom")


def infer(model):
    serve(failing=False)


def fail(model):
    serve(failing=True)
