"""A forward hook that collects activations is removed after success only.

Stands for kijai/ComfyUI-Geowizard#11: after an out-of-memory error memory stays taken. Twin:
pass/hook_removed.py.
---
reason: leak
holder: {kind: object, name: "→ kept in the closure of"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import torch

seen = []


def load(device):
    return torch.nn.Linear(64, 64)


def run(model, failing):
    kept = []
    hook = model.register_forward_hook(lambda module, args, out: kept.append(out))
    with torch.no_grad():
        model(torch.ones(400_000, 64))  # kept
    if failing:
        raise RuntimeError("boom in the head")
    hook.remove()


def infer(model):
    run(model, failing=False)


def fail(model):
    run(model, failing=True)
