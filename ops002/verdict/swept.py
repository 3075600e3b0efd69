"""What a sweep comes to: what was kept, at which lines, and how much of the inference it covered.

Pure. A point's figures are the workload's own word: they explain and may add a fail, never take one
away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

from ops002.points import WORTH_TELLING_BYTES, Sweep, SweptPoint

_FOREIGN: Final = ("/site-packages/", "/dist-packages/", "/lib/python")
_UNKNOWN: Final = "an unknown place"


class Kept(str, Enum):
    """How a point keeps memory."""

    KEPT = "kept"  # alive after the error, once
    KEPT_EACH_TIME = "kept-each-time"  # and the same again whenever that point fails
    HELD_UNTIL_GC = "held-until-gc"  # alive until Python's collector ran


@dataclass(frozen=True, slots=True, kw_only=True)
class PointGroup:
    """The points that keep memory in the same way at the same line.

    ``place`` is the innermost line of the call that isn't a library's: ``file:line in function``.
    ``bytes`` is the most that any of the ``points`` added to what the ones before it had left.
    """

    kept: Kept
    operator: str
    place: str
    points: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFigures:
    """How much of the inference was swept, and what was found where."""

    points: int
    sites: int
    tried: int
    raised: int
    failed: int
    most_kept_bytes: int
    groups: tuple[PointGroup, ...]


def figures_of(sweep: Sweep) -> SweepFigures:
    """The figures of a sweep."""
    return SweepFigures(
        points=sweep.points,
        sites=sweep.sites,
        tried=sweep.tried,
        raised=sweep.raised,
        failed=sweep.failed,
        most_kept_bytes=most_kept(sweep),
        groups=tuple(_groups(sweep)),
    )


def most_kept(sweep: Sweep) -> int:
    """Bytes that were alive after the worst point, once Python's collector had run."""
    kept = (max(point.kept_bytes, *point.again_bytes, 0) for point in sweep.notable)
    return max(kept, default=0)


def most_held(sweep: Sweep) -> int:
    """Bytes that were alive after the worst point before Python's collector ran."""
    return max((point.live_bytes for point in sweep.notable), default=0)


def grows(sweep: Sweep) -> bool:
    """Whether there is a point that adds memory every time that it fails."""
    return any(_adds_each_time(point, sweep.healthy_bytes) for point in sweep.notable)


def unsteady(sweep: Sweep) -> int:
    """Bytes that as many healthy inferences as the sweep made would add: no error's doing."""
    return sweep.healthy_bytes * sweep.tried


def place_of(point: SweptPoint) -> str:
    """The innermost line of its call that isn't a library's."""
    own = [place for place in point.stack if not any(part in place for part in _FOREIGN)]
    return (own or list(point.stack) or [_UNKNOWN])[-1]


def _groups(sweep: Sweep) -> Iterator[PointGroup]:
    """Biggest first."""
    found: dict[tuple[Kept, str, str], list[int]] = {}
    for point in sweep.notable:
        for kept, size in _ways(point, sweep.healthy_bytes):
            found.setdefault((kept, point.operator, place_of(point)), []).append(size)
    ordered = sorted(found.items(), key=lambda item: max(item[1]), reverse=True)
    for (kept, operator, place), sizes in ordered:
        yield PointGroup(
            kept=kept, operator=operator, place=place, points=len(sizes), bytes=max(sizes)
        )


def _ways(point: SweptPoint, healthy_bytes: int) -> Iterator[tuple[Kept, int]]:
    if _adds_each_time(point, healthy_bytes):
        yield Kept.KEPT_EACH_TIME, point.added_bytes
    elif point.added_bytes > WORTH_TELLING_BYTES + healthy_bytes:
        yield Kept.KEPT, point.added_bytes
    if point.live_bytes - point.kept_bytes > WORTH_TELLING_BYTES:
        yield Kept.HELD_UNTIL_GC, point.live_bytes - point.kept_bytes


def _adds_each_time(point: SweptPoint, healthy_bytes: int) -> bool:
    levels = (point.kept_bytes, *point.again_bytes)
    steps = [after - before for before, after in pairwise(levels)]
    return bool(steps) and min(steps) > WORTH_TELLING_BYTES + healthy_bytes
