"""The ring holds sizes. Twin of fail/recent_outputs.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

from collections import deque

import torch


class Engine:
    def __init__(self):
        self.recent = deque(maxlen=8)


def load(device):
    return Engine()


def serve(engine, failing):
    logits = torch.ones(64, 400_000)
    if failing:
        engine.recent.append(logits[:1].clone())
        raise RuntimeError("boom")


def infer(engine):
    serve(engine, failing=False)


def fail(engine):
    serve(engine, failing=True)
