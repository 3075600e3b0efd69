"""The inputs of the last failure are kept for whoever debugs it.

Stands for continue-revolution/sd-webui-animatediff#11: a failed call leaves its memory allocated.
Twin: pass/last_shape_for_debugging.py.
---
reason: leak
holder: {kind: object, name: "Engine.last_inputs['pixels']"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import torch


class Engine:
    last_inputs = None


def load(device):
    return Engine()


def serve(engine, failing):
    inputs = torch.ones(64, 400_000)  # kept
    if failing:
        engine.last_inputs = {"pixels": inputs}
        raise RuntimeError("boom")


def infer(engine):
    serve(engine, failing=False)


def fail(engine):
    serve(engine, failing=True)
