"""A failed request refers to its error, and the error's traceback to the request: a cycle."""

from __future__ import annotations

import gc
import os

LEAKS = os.environ["OPS002_PLANTED"] == "leak"
SIZE = int(os.environ["OPS002_PLANTED_BYTES"])


class Request:
    """Remembers its error."""

    error: RuntimeError | None = None


def load(_device: str) -> str:
    """Have Python's collector run only when it is asked to: the cycle must not end by chance."""
    gc.disable()
    return "model"


def infer(_model: str) -> int:
    """Takes memory and gives it back."""
    return len(b"x" * SIZE)


def fail(_model: str) -> None:
    """Fails, and has the request remember why: this frame, which holds the request, too."""
    request = Request()
    try:
        _generate()
    except RuntimeError as error:
        if LEAKS:
            request.error = error
        raise


def _generate() -> None:
    output = b"x" * SIZE
    raise RuntimeError(f"planted: failed after {len(output)} bytes")
