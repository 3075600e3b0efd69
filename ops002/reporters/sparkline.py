"""A small picture of memory over time, in one line of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ops002.measurement import JudgedDevice, Measurement, Reading

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
PLAIN: Final = str.maketrans(_BLOCKS, "_.-=+*#@")
"""For terminals that can't show blocks."""


def sparkline(points: Sequence[tuple[float, int]], width: int) -> str:
    """Bytes over time (seconds), oldest first, as ``width`` characters."""
    shown = levels(points, width)
    lowest = min(shown, default=0)
    range_bytes = max(1, max(shown, default=0) - lowest)
    return "".join(_BLOCKS[(size - lowest) * (len(_BLOCKS) - 1) // range_bytes] for size in shown)


def levels(points: Sequence[tuple[float, int]], count: int) -> list[int]:
    """Bytes over time (seconds), oldest first, in ``count`` equal stretches of time.

    Each has the highest reading in it, so that a short peak isn't lost; where nothing was read the
    last reading goes on.
    """
    if not points:
        return []
    start, end = points[0][0], points[-1][0]
    highest: list[int | None] = [None] * count
    last = dict.fromkeys(range(count), points[0][1])
    for seconds, size in points:
        share = (seconds - start) / (end - start) if end > start else 0.0
        # A report's times can be anything: what lies outside is drawn at the end.
        column = int(share * count) if 0 <= share < 1 else count - 1
        known = highest[column]
        highest[column] = size if known is None else max(size, known)
        last[column] = size
    found, level = [], points[0][1]
    for column, size_there in enumerate(highest):
        found.append(level if size_there is None else size_there)
        level = level if size_there is None else last[column]
    return found


def points(measurement: Measurement, judged: JudgedDevice) -> Iterator[tuple[float, int]]:
    """What was read on a device: seconds and bytes."""
    for snapshot in measurement.snapshots:
        reading = snapshot.reading(judged.device, judged.instrument)
        if isinstance(reading, Reading):
            yield snapshot.seconds, reading.bytes
