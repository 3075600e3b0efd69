"""The failed request refers to its error, and the error's traceback to the request: a cycle.

Nothing but Python's collector breaks it, and the collector counts objects, not the bytes of
tensors. Stands for NVIDIA/TensorRT-LLM#15099: 110 GiB a card stayed in cycles between jobs. Twin:
pass/cycle_broken.py.
---
reason: held-until-gc
retained: 200MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 2s}
"""


class Request:
    error = None


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    request = Request()
    try:
        activations = b"x" * (200 << 20)
        raise RuntimeError(len(activations))
    except RuntimeError as error:
        request.error = error
        raise
