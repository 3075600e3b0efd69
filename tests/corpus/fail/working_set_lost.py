"""The error path drops the model: it looks alive and can no longer serve.
---
reason: working-set-lost
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
"""


class Engine:
    weights = b""


def load(device):
    engine = Engine()
    engine.weights = b"x" * (200 << 20)
    return engine


def infer(engine):
    return len(engine.weights)


def fail(engine):
    activations = b"x" * (100 << 20)
    engine.weights = b""
    raise RuntimeError(len(activations))
