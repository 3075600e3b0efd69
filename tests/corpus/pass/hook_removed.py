"""The hook is removed either way. Twin of fail/hook_stays.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

import torch

seen = []


def load(device):
    return torch.nn.Linear(64, 64)


def run(model, failing):
    kept = []
    hook = model.register_forward_hook(lambda module, args, out: kept.append(out))
    try:
        with torch.no_grad():
            model(torch.ones(400_000, 64))
        if failing:
            raise RuntimeError("boom in the head")
    finally:
        hook.remove()


def infer(model):
    run(model, failing=False)


def fail(model):
    run(model, failing=True)
