"""A pipeline that can't be built to its end leaves the parts that were, and each retry builds more.

Stands for dkackman/diffusers-workflow#72: failed pipeline loads take 4 GB, then 12 more with every
retry. Twin: pass/half_built_dropped.py.
---
reason: leak
retained: 200MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 2
settle: {timeout: 1s}
"""

PARTS = {}


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    name = f"pipeline {len(PARTS)}"
    build(name)


def build(name):
    for part in ("text encoder", "transformer", "decoder"):
        if part == "decoder":
            raise RuntimeError(f"{name} has no {part}")
        PARTS[name, part] = b"x" * (50 << 20)
