"""Does every fault add memory, though all of them together stay within the tolerance? Pure.

A slope alone would take one late step (a cache that is filled once, a pool that grows once) for
growth. So the slope counts only as far as nobody can explain it by one-off steps: up to two of them
are granted wherever they help most, and what still rises between them is the growth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise
from math import ceil, sqrt
from statistics import median
from typing import Final

from ops002.contract import AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES as _MOST

MIN_FAULTS: Final = 5
"""Fewer say nothing: the first is left out, and two steps are granted."""

MIN_CONTROLS: Final = 2
"""Settled readings without a fault: one healthy inference and the baseline at least."""

LEAST_SLOPE: Final = 1024**2
"""1 MiB per fault: allocators and interpreters move by less for reasons of their own."""

STEPS_GRANTED: Final = 2
_SEGMENTS: Final = STEPS_GRANTED + 1

_ERRORS: Final = 3
"""Standard errors that a slope must exceed. With the smallest slope over all placements, which
noise makes smaller, white noise alone gets there less than once in a thousand times."""

_SIGMA_OF_MEDIAN: Final = 1.4826
"""Standard deviation over the median absolute value, for normal noise."""
_STEP_SPREAD: Final = sqrt(2)
"""Standard deviation of y[i + 1] - y[i], for white noise of deviation 1."""
_BEND_SPREAD: Final = sqrt(6)
"""Standard deviation of y[i] - 2 y[i + 1] + y[i + 2], which no slope moves."""

_MOST_PLACES: Final = 60
"""Places at which a step may be granted; of longer series every second, third... one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What every fault added, in bytes, and what would have been too much.

    ``bytes_per_fault`` is at least that: what two one-off steps could explain is taken off. It and
    ``threshold_bytes`` are None unless growth was judged.
    """

    judged: bool
    instrument: str | None
    bytes_per_fault: int | None
    threshold_bytes: int | None

    @property
    def found(self) -> bool:
        """Whether every fault adds more than the threshold."""
        return (
            self.bytes_per_fault is not None
            and self.threshold_bytes is not None
            and self.bytes_per_fault > self.threshold_bytes
        )


NOT_JUDGED: Final = Growth(
    judged=False, instrument=None, bytes_per_fault=None, threshold_bytes=None
)


def judge_growth(levels: Sequence[int], controls: Sequence[int], instrument: str) -> Growth:
    """Growth over faults 2 to n, from the settled bytes after each fault.

    ``controls`` are the settled bytes after healthy inferences, the baseline last: how far they are
    apart is noise. Without them, with fewer than five faults, or with sizes that no device has,
    growth isn't judged.
    """
    enough = len(levels) >= MIN_FAULTS and len(controls) >= MIN_CONTROLS
    if not enough or not all(0 <= one <= _MOST for one in (*levels, *controls)):
        return NOT_JUDGED
    # The first fault warms the error path up: what it adds once is no growth.
    series = _Series(levels[1:])
    count = len(series)
    whole = min(series.slope((0, *steps, count)) for steps in _placements(count))
    # A cache that fills up and is full adds no more at the end, whatever it added before. The end
    # alone is short and noisy: half of the growth is enough there.
    end = series.slope((count - max(2, ceil(count / _SEGMENTS)), count))
    error = _noise(levels[1:], controls) / sqrt(_information(_thirds(count)))
    return Growth(
        judged=True,
        instrument=instrument,
        bytes_per_fault=round(min(whole, max(end, 2 * end))),
        threshold_bytes=max(LEAST_SLOPE, ceil(_ERRORS * error)),
    )


class _Series:
    """Settled bytes after consecutive faults, summed up so that a slope costs no loop."""

    def __init__(self, levels: Sequence[int]) -> None:
        self._sums = [0, *accumulate(levels)]
        self._moments = [0, *accumulate(place * level for place, level in enumerate(levels))]

    def __len__(self) -> int:
        return len(self._sums) - 1

    def slope(self, bounds: Sequence[int]) -> float:
        """Least-squares bytes per fault within segments that each have a level of their own."""
        covariance = sum(self._covariance(first, end) for first, end in pairwise(bounds))
        return covariance / _information(bounds)

    def _covariance(self, first: int, end: int) -> float:
        middle = (first + end - 1) / 2
        total = self._sums[end] - self._sums[first]
        return self._moments[end] - self._moments[first] - middle * total


def _information(bounds: Sequence[int]) -> float:
    """Sum of squared distances from the middles of the segments: what a slope is known by."""
    return sum((end - first) * ((end - first) ** 2 - 1) / 12 for first, end in pairwise(bounds))


def _placements(count: int) -> Iterator[tuple[int, ...]]:
    """Every way to grant the steps: the places (from 1) at which a new level may begin."""
    stride = ceil(count / _MOST_PLACES)
    return combinations(range(1, count, stride), STEPS_GRANTED)


def _thirds(count: int) -> tuple[int, ...]:
    """The bounds of segments of about the same length: the placement that leaves least to see."""
    return tuple(round(part * count / _SEGMENTS) for part in range(_SEGMENTS + 1))


def _noise(levels: Sequence[int], controls: Sequence[int]) -> float:
    """The standard deviation of settled bytes, from what neither a slope nor a few steps move."""
    steps = (abs(after - before) / _STEP_SPREAD for before, after in pairwise(controls))
    bends = (
        abs(one - 2 * other + third) / _BEND_SPREAD
        for one, other, third in zip(levels, levels[1:], levels[2:], strict=False)
    )
    return _SIGMA_OF_MEDIAN * median([*steps, *bends])
