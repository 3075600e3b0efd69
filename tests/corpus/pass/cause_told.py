"""The cause is told, not kept. Twin of fail/cause_kept.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

class BatchError(RuntimeError):
    def __init__(self, words, errors):
        super().__init__(words)
        self.errors = errors


class Engine:
    last = None


def forward(row, failing):
    activations = b"x" * (80 << 20)
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
            errors.append(str(error))
    engine.last = BatchError("boom", errors)
    raise BatchError("boom", [])
