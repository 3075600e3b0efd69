"""A layer that can't have its memory ends the process: the whole engine goes with one request.

Stands for ggml-org/llama.cpp#28338: a hard abort on an out-of-memory error. Twin: pass/sweep_fails_one_request.py.
---
reason: workload-died
tolerance: 16MiB
faults: [oom-sweep]
"""

import os

import torch


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    x = torch.ones(1 << 20, 8)
    x = x @ weight
    try:
        return torch.softmax(x, -1)
    except RuntimeError:
        os._exit(134)
