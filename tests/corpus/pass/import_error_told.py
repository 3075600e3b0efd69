"""Only the words of the import error are remembered. Twin of fail/import_error_kept.py.
---
reason: returned-to-baseline
faults: [{kind: call, expect: {exception: RuntimeError}}]
repeat: 1
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
        WHY_SLOW.append(str(error))
    raise RuntimeError(f"no accelerator for a pipeline of {len(pipeline)} bytes")
