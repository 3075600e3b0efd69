"""Every error is swallowed, as the config expects, and said in the output.
---
reason: returned-to-baseline
tolerance: 16MiB
faults: [{kind: oom-sweep, expect: {recovers: true, output: "answering with nothing"}}]
"""

import torch


def load(device):
    return torch.ones(8, 8)


def infer(weight):
    try:
        return torch.ones(1 << 20, 8) @ weight
    except RuntimeError:
        print("out of memory: answering with nothing", flush=True)
        return None
