"""Printing what was found."""

from __future__ import annotations

from contextlib import suppress
from typing import TextIO

from ops002.reporters.sparkline import PLAIN


def show(text: str, out: TextIO) -> None:
    """Print; a closed pipe or a full disk behind it can't change what was found."""
    with suppress(OSError):
        out.write(text if _can_show_blocks(out) else text.translate(PLAIN))
        out.flush()


def _can_show_blocks(out: TextIO) -> bool:
    return (getattr(out, "encoding", None) or "utf-8").lower().startswith("utf")
