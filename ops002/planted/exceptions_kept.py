"""An engine that keeps its errors: each traceback holds every local of the frames that failed."""

from __future__ import annotations

import os

LEAKS = os.environ["OPS002_PLANTED"] == "leak"
SIZE = int(os.environ["OPS002_PLANTED_BYTES"])
ACTIVATIONS = 128 << 20  # at stake, and let go in any case


class Engine:
    """Remembers what went wrong."""

    def __init__(self) -> None:
        self.errors: list[RuntimeError] = []


def load(_device: str) -> Engine:
    """An engine without errors."""
    return Engine()


def infer(_engine: Engine) -> int:
    """Takes memory and gives it back."""
    return len(b"x" * ACTIVATIONS)


def fail(engine: Engine) -> None:
    """Fails late, in a frame that holds the planted bytes."""
    infer(engine)
    try:
        _generate()
    except RuntimeError as error:
        if LEAKS:
            engine.errors.append(error)
        raise


def _generate() -> None:
    output = b"x" * SIZE
    raise RuntimeError(f"planted: failed after {len(output)} bytes")
