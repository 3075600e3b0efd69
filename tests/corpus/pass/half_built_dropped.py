"""The parts of a pipeline that failed are dropped with it. Twin of fail/half_built_kept.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 2
"""

PARTS = {}


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    name = f"pipeline {len(PARTS)}"
    try:
        build(name)
    except RuntimeError:
        for part in [key for key in PARTS if key[0] == name]:
            del PARTS[part]
        raise


def build(name):
    for part in ("text encoder", "transformer", "decoder"):
        if part == "decoder":
            raise RuntimeError(f"{name} has no {part}")
        PARTS[name, part] = b"x" * (50 << 20)
