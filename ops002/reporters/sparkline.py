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
    peak isn't lost; where nothing was read the last reading goes on.
    """
    if not points:
        return ""
    lowest = min(size for _, size in points)
    range_bytes = max(1, max(size for _, size in points) - lowest)
    start, end = points[0][0], points[-1][0]
    highest: list[int | None] = [None] * width
    last = dict.fromkeys(range(width), lowest)
    for seconds, size in points:
        share = (seconds - start) / (end - start) if end > start else 0.0
        # A report's times can be anything: what lies outside is drawn at the end.
        column = int(share * width) if 0 <= share < 1 else width - 1
        highest[column] = max(size, highest[column] or lowest)
        last[column] = size
    drawn, level = [], lowest
    for column, size_there in enumerate(highest):
        shown = level if size_there is None else size_there
        drawn.append(_BLOCKS[(shown - lowest) * (len(_BLOCKS) - 1) // range_bytes])
        level = level if size_there is None else last[column]
    return "".join(drawn)
