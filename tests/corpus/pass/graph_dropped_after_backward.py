"""A loss whose backward pass failed isn't kept. Twin of fail/graph_kept_after_backward.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""

import torch


class Fails(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise RuntimeError("out of memory in backward")


class Trainer:
    loss = None


def load(device):
    return Trainer()


def step(trainer, last):
    hidden = torch.ones(5 << 20, requires_grad=True)
    for _ in range(8):
        hidden = hidden * hidden
    trainer.loss = last(hidden).sum()
    trainer.loss.backward()
    trainer.loss = None


def infer(trainer):
    step(trainer, torch.neg)


def fail(trainer):
    try:
        step(trainer, Fails.apply)
    except RuntimeError:
        trainer.loss = None
        raise
