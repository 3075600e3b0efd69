"""The last outputs are kept in a ring for a page that shows them; those of failed requests are big.

Stands for theroyallab/tabbyAPI#337: part of a model stays after it is unloaded. Twin:
pass/recent_sizes.py.
---
reason: leak
holder: {kind: object, name: "Engine.recent[0]"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

from collections import deque

import torch


class Engine:
    def __init__(self):
        self.recent = deque(maxlen=8)


def load(device):
    return Engine()


def serve(engine, failing):
    logits = torch.ones(64, 400_000)  # kept
    if failing:
        engine.recent.append(logits[:1])
        raise RuntimeError("boom")


def infer(engine):
    serve(engine, failing=False)


def fail(engine):
    serve(engine, failing=True)
