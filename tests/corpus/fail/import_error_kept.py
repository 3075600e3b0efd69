"""A library that isn't there is remembered by its exception, for whoever asks later.

Stands for ModelCloud/GPTQModel#1679: a module-level name bound to a caught import error, and no
pipeline is ever freed. Twin: pass/import_error_told.py.
---
reason: leak
retained: 150MiB
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
settle: {timeout: 1s}
"""

WHY_SLOW = []


def load(device):
    return "model"


def infer(model):
    return len(b"x" * (100 << 20))


def fail(model):
    pipeline = b"x" * (150 << 20)
    try:
        import no_such_accelerator
    except ImportError as error:
        WHY_SLOW.append(error)
    raise RuntimeError(f"no accelerator for a pipeline of {len(pipeline)} bytes")
