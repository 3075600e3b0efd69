"""A small picture of memory over time, in one line of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
PLAIN: Final = str.maketrans(_BLOCKS, "_.-=+*#@")
"""For terminals that can't show blocks."""


def sparkline(points: Sequence[tuple[float, int]], width: int) -> str:
    """Bytes over time (seconds), oldest first, as ``width`` characters.

    Each character stands for a stretch of time and shows the highest reading in it, so that a short
    peak isn't lost; where nothing was read the last height goes on.
    """
    if not points:
        return ""
    start, end = points[0][0], points[-1][0]
    columns: list[int | None] = [None] * width
    for seconds, size in points:
        share = (seconds - start) / (end - start) if end > start else 0.0
        column = min(width - 1, max(0, int(share * width)))
        highest = columns[column]
        columns[column] = size if highest is None else max(highest, size)
    return _drawn(columns)


def _drawn(columns: Sequence[int | None]) -> str:
    sizes = [size for size in columns if size is not None]
    lowest, range_bytes = min(sizes), max(1, max(sizes) - min(sizes))
    drawn, height = [], 0
    for size in columns:
        if size is not None:
            height = (size - lowest) * (len(_BLOCKS) - 1) // range_bytes
        drawn.append(_BLOCKS[height])
    return "".join(drawn)
