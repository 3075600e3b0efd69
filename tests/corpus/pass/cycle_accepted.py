"""The cycle is accepted by the config: memory counts as back once the collector has run.
---
reason: returned-to-baseline
held_until_gc: accept
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
