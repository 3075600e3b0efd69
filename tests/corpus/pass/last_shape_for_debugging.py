"""The shape of the inputs is kept. Twin of fail/last_inputs_for_debugging.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import torch


class Engine:
    last_inputs = None


def load(device):
    return Engine()


def serve(engine, failing):
    inputs = torch.ones(64, 400_000)
    if failing:
        engine.last_inputs = {"pixels": inputs.shape}
        raise RuntimeError("boom")


def infer(engine):
    serve(engine, failing=False)


def fail(engine):
    serve(engine, failing=True)
