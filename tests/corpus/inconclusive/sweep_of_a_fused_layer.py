"""A whole encoder layer is one operator: what it asks for inside can't be made to fail.
---
reason: fault-not-fired
tolerance: 16MiB
faults: [oom-sweep]
"""

import torch
from torch import nn


def load(device):
    layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    return nn.TransformerEncoder(layer, 2).eval()


@torch.inference_mode()
def infer(model):
    return model(torch.ones(512, 64, 64))
