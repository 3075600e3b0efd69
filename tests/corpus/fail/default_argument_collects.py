"""A mutable default argument collects what every call appends, and only success empties it.

Stands for oobabooga/text-generation-webui#6250: memory is kept after a CUDA out-of-memory error.
Twin: pass/default_argument_is_new.py.
---
reason: leak
holder: {kind: object, name: "default of forward()"}
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
settle: {timeout: 1s}
"""

def forward(failing, activations=[]):
    for layer in range(2):
        activations.append(b"x" * (50 << 20))  # kept
        if failing and layer == 1:
            raise RuntimeError("boom")
    activations.clear()


def load(device):
    return "model"


def infer(model):
    forward(failing=False)


def fail(model):
    forward(failing=True)
