"""Each call has a list of its own. Twin of fail/default_argument_collects.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError, match: boom}}]
repeat: 1
control: 0
"""

def forward(failing):
    activations = []
    for layer in range(2):
        activations.append(b"x" * (50 << 20))
        if failing and layer == 1:
            raise RuntimeError("boom")
    activations.clear()


def load(device):
    return "model"


def infer(model):
    forward(failing=False)


def fail(model):
    forward(failing=True)
