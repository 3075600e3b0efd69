"""Does every fault add memory, though all of them together stay within the tolerance? Pure.

A slope alone would take one late step (a cache that is filled once, a pool that grows once) for
growth, and one odd level could hide it. So two one-off steps, up or down, are granted where they
explain the levels best; of all explanations that are about as good, the smallest slope counts.
What every healthy inference adds as well, before the faults and after, isn't the error path's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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

MIN_RISES: Final = 2
"""From one healthy inference to the next: a single one may be the end of the warm-up."""

LEAST_SLOPE: Final = 1024**2
"""1 MiB a fault or inference: allocators and interpreters move by less for reasons of their own."""

STEPS_GRANTED: Final = 2
_SEGMENTS: Final = STEPS_GRANTED + 1

_ERRORS: Final = 3
"""Standard errors that a slope must exceed. With the smallest slope over all placements, which
noise makes smaller, white noise alone gets there about once in a thousand trials or less; what
it misses: `docs/error-rates.md`."""

_AS_GOOD: Final = 4
"""Times the noise: steps that explain the levels worse by no more explain them as well."""
_LEAST_NOISE: Final = LEAST_SLOPE / 8
"""Pages come and go one by one: levels that differ by so little don't differ."""

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

    ``bytes_per_fault`` is at least that: what two one-off steps could explain is taken off, and so
    is ``healthy_bytes``, which every healthy inference added: those of the control, and the one
    after the faults. The three sizes are None unless growth was judged.
    """

    judged: bool
    instrument: str | None
    bytes_per_fault: int | None
    healthy_bytes: int | None
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
    judged=False, instrument=None, bytes_per_fault=None, healthy_bytes=None, threshold_bytes=None
)


def worst_growth(found: Iterable[Growth]) -> Growth:
    """The one that is too much, of several the largest; not judged if none was."""
    judged = (growth for growth in found if growth.judged)
    return max(judged, key=lambda one: (one.found, one.bytes_per_fault), default=NOT_JUDGED)


def judge_growth(
    levels: Sequence[int], controls: Sequence[int], instrument: str, after: int | None = None
) -> Growth:
    """Growth over faults 2 to n, from the settled bytes after each fault.

    ``controls`` are the settled bytes after healthy inferences, the baseline last: what no slope
    explains of them is noise. ``after`` is the level after the healthy inference that followed the
    faults. Without controls, with fewer than five faults, or with sizes that no device has, growth
    isn't judged.
    """
    enough = len(levels) >= MIN_FAULTS and len(controls) >= MIN_CONTROLS
    if not enough or not all(0 <= one <= _MOST for one in (*levels, *controls)):
        return NOT_JUDGED
    # The first fault warms the error path up: what it adds once is no growth.
    later = levels[1:]
    noise = _noise(later, controls)
    # A cache that fills up and is full adds no more at the end, whatever it added before. The end
    # alone is short and noisy: half of the growth is enough there.
    end = _late_slope(later)
    healthy = _healthy_rise(controls, noise, levels[-1], after)
    return Growth(
        judged=True,
        instrument=instrument,
        bytes_per_fault=round(min(_least_slope(later, noise), max(end, 2 * end))) - healthy,
        healthy_bytes=healthy,
        threshold_bytes=max(LEAST_SLOPE, ceil(_ERRORS * noise / sqrt(_least_information(later)))),
    )


def _healthy_rise(controls: Sequence[int], noise: float, last: int, after: int | None) -> int:
    """What every healthy inference added; 0 where noise explains it, or too few were measured.

    The one after the faults tells growth from a cache that was still filling in the control.
    """
    inferences = controls[:-1]  # the baseline is read after the last of them, and adds nothing
    rises = [later - earlier for earlier, later in pairwise(inferences)]
    if len(rises) < MIN_RISES or after is None:
        return 0
    error = noise * _STEP_SPREAD / len(rises)
    least = min(*rises, after - last)
    return least if least > max(LEAST_SLOPE, _ERRORS * error) else 0


def _least_slope(levels: Sequence[int], noise: float) -> float:
    """The smallest slope that explains the levels as well as any does, two steps granted."""
    series = _Series(levels)
    fits = [series.fit((0, *steps, len(levels))) for steps in _placements(len(levels))]
    enough = max(fit.explained for fit in fits) - (_AS_GOOD * max(noise, _LEAST_NOISE)) ** 2
    return min(fit.slope for fit in fits if fit.explained >= enough)


def _late_slope(levels: Sequence[int]) -> float:
    """The median slope between any two levels of the last third: one odd level can't turn it."""
    third = ceil(len(levels) / _SEGMENTS)
    late = list(enumerate(levels))[-third :: ceil(third / _MOST_PLACES)]
    return median((there - here) / (to - at) for (at, here), (to, there) in combinations(late, 2))


@dataclass(frozen=True, slots=True)
class _Fit:
    """Bytes per fault, and how much of the levels' sum of squares it explains with its steps."""

    slope: float
    explained: float


class _Series:
    """Settled bytes after consecutive faults, summed up so that a fit costs no loop over them."""

    def __init__(self, levels: Sequence[int]) -> None:
        # From the first on: squares stay small, and exact.
        rises = [level - levels[0] for level in levels]
        self._sums = [0, *accumulate(rises)]
        self._moments = [0, *accumulate(place * rise for place, rise in enumerate(rises))]

    def fit(self, bounds: Sequence[int]) -> _Fit:
        """Least squares within segments that share a slope, each with a level of its own."""
        segments = list(pairwise(bounds))
        covariance = sum(self._covariance(first, end) for first, end in segments)
        slope = covariance / _information(bounds)
        steps = sum(self._total(first, end) ** 2 / (end - first) for first, end in segments)
        return _Fit(slope=slope, explained=slope * covariance + steps)

    def _covariance(self, first: int, end: int) -> float:
        moments = self._moments[end] - self._moments[first]
        return moments - (first + end - 1) * self._total(first, end) / 2

    def _total(self, first: int, end: int) -> int:
        return self._sums[end] - self._sums[first]


def _information(bounds: Sequence[int]) -> float:
    """Sum of squared distances from the middles of the segments: what a slope is known by."""
    return sum((end - first) * ((end - first) ** 2 - 1) / 12 for first, end in pairwise(bounds))


def _placements(count: int) -> Iterator[tuple[int, ...]]:
    """Every way to grant the steps: the places (from 1) at which a new level may begin."""
    stride = ceil(count / _MOST_PLACES)
    return combinations(range(1, count, stride), STEPS_GRANTED)


def _least_information(levels: Sequence[int]) -> float:
    """What a slope is known by where the steps leave least to see: in thirds."""
    return _information([part * len(levels) // _SEGMENTS for part in range(_SEGMENTS + 1)])


def _noise(levels: Sequence[int], controls: Sequence[int]) -> float:
    """The standard deviation of settled bytes, from what neither a slope nor a few steps move."""
    *inferences, last, baseline = controls
    steps = [abs(baseline - last) / _STEP_SPREAD]
    healthy = list(_bends([*inferences, last]))
    if not healthy and inferences:  # of two inferences nobody can tell a slope from noise
        steps.append(abs(last - inferences[0]) / _STEP_SPREAD)
    return _SIGMA_OF_MEDIAN * median([*steps, *healthy, *_bends(levels)])


def _bends(levels: Sequence[int]) -> Iterator[float]:
    """One estimate of the noise for each three levels in a row."""
    for one, other, third in zip(levels, levels[1:], levels[2:], strict=False):
        yield abs(one - 2 * other + third) / _BEND_SPREAD
