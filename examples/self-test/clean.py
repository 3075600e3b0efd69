"""An engine that lets go of what a failed call had allocated."""

MIB = 1 << 20


def load(device):
    return []


def infer(requests):
    return len(b"x" * (100 * MIB))


def fail(requests):
    if len(b"x" * (200 * MIB)):
        raise RuntimeError("no such token")
