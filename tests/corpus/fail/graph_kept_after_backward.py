"""A step holds its loss until it ends; one whose backward pass fails leaves the whole graph with
it.

Stands for pytorch/pytorch#82218: running out of memory in the backward pass keeps the intermediate
results, in the forward pass it does not. Twin: pass/graph_dropped_after_backward.py.
---
reason: leak
retained: 160MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 1s}
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
    step(trainer, Fails.apply)
