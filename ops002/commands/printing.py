"""Printing what was found."""

from __future__ import annotations

from contextlib import suppress
from typing import TextIO


def show(text: str, out: TextIO) -> None:
    """Print; a closed pipe or a full disk behind it can't change what was found."""
    with suppress(OSError):
        out.write(text)
        out.flush()
