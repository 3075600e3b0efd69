"""The config accepts that the layer is swept operator by operator.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [{kind: oom-sweep, eager: true}]
"""

import torch
from torch import nn


def load(device):
    layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    return nn.TransformerEncoder(layer, 2).eval()


@torch.inference_mode()
def infer(model):
    return model(torch.ones(512, 64, 64))
