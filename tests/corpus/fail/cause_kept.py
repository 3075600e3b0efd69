"""Errors of a batch are collected, each with its cause.

Stands for huggingface/trl#5681: each rerun of a failed test keeps another 2.4 GiB. Twin:
pass/cause_told.py.
---
reason: leak
holder: {kind: traceback, name: "Engine.last.errors"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

class BatchError(RuntimeError):
    def __init__(self, words, errors):
        super().__init__(words)
        self.errors = errors


class Engine:
    last = None


def forward(row, failing):
    activations = b"x" * (80 << 20)  # kept
    if failing:
        raise ValueError(f"row {row} after {len(activations)} bytes")


def load(device):
    return Engine()


def infer(engine):
    for row in range(2):
        forward(row, failing=False)


def fail(engine):
    errors = []
    for row in range(2):
        try:
            forward(row, failing=True)
        except ValueError as error:
            errors.append(error)
    engine.last = BatchError("boom", errors)
    raise BatchError("boom", [])
