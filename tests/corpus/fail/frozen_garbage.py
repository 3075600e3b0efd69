"""A server freezes the collector's objects after each request: what is garbage then stays for good.

Stands for NVIDIA/TensorRT-LLM#15099: about 110 GiB per GPU stay in cycles in workers that live on.
Twin: pass/frozen_before_requests.py.
---
reason: leak
holder: {kind: cycle, name: "Request"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

import gc


class Request:
    def __init__(self):
        self.activations = b"x" * (100 << 20)  # kept
        self.steps = [self.forward]

    def forward(self):
        raise RuntimeError(f"boom after {len(self.activations)} bytes")


def load(device):
    return "server"


def infer(server):
    return len(b"x" * (100 << 20))


def fail(server):
    try:
        Request().steps[0]()
    finally:
        gc.freeze()
