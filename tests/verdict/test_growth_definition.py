"""Growth by its definition: each number recomputed the plain and slow way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from math import ceil, sqrt
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.verdict.growth import judge_growth
from tests.builders import GIB, KIB, MIB

STEADY = (GIB, GIB)
ODD_SIZE = 999_983
PAGES = 65_537
"""Bytes. Primes, so that no two explanations of their multiples are apart by exactly the limit."""
HALF_A_BYTE = 0.501


def explanation(levels: Sequence[int], steps: tuple[int, ...]) -> tuple[float, float]:
    """Slope and unexplained squares, if a new level begins at each of the steps."""
    places: list[float] = []
    sizes: list[float] = []
    for first, end in pairwise((0, *steps, len(levels))):
        middle, mean = (first + end - 1) / 2, fmean(levels[first:end])
        places += [place - middle for place in range(first, end)]
        sizes += [size - mean for size in levels[first:end]]
    known_by = sum(place * place for place in places)
    slope = sum(place * size for place, size in zip(places, sizes, strict=True)) / known_by
    left = [size - slope * place for place, size in zip(places, sizes, strict=True)]
    return slope, sum(one * one for one in left)


def noise(levels: Sequence[int], controls: Sequence[int]) -> float:
    inferences = controls[:-1]
    steps = [abs(controls[-1] - controls[-2]) / sqrt(2)]
    if len(inferences) == 2:
        steps.append(abs(inferences[1] - inferences[0]) / sqrt(2))
    bends = [
        abs(course[at - 1] - 2 * course[at] + course[at + 1]) / sqrt(6)
        for course in (levels, inferences)
        for at in range(1, len(course) - 1)
    ]
    return 1.4826 * median(steps + bends)


def least_slope(levels: Sequence[int], controls: Sequence[int]) -> float:
    """The smallest slope of explanations that are as good as the best."""
    found = [explanation(levels, steps) for steps in combinations(range(1, len(levels)), 2)]
    as_good = 4 * max(noise(levels, controls), 128 * KIB)
    best = min(left for _, left in found)
    return min(slope for slope, left in found if left <= best + as_good**2)


def late_slope(levels: Sequence[int]) -> float:
    """The median slope of the last third, rounded up to whole levels."""
    late = range(len(levels) - ceil(len(levels) / 3), len(levels))
    return median((levels[to] - levels[at]) / (to - at) for at, to in combinations(late, 2))


def healthy_rise(levels: Sequence[int], controls: Sequence[int], after: int) -> int:
    """What every healthy inference added, unless noise explains it; the baseline is none."""
    rises = [later - earlier for earlier, later in pairwise(controls[:-1])]
    if len(rises) < 2:
        return 0
    least = max(MIB, 3 * noise(levels, controls) * sqrt(2) / len(rises))
    lowest = min(*rises, after - levels[-1])
    return lowest if lowest > least else 0


def by_definition(levels: Sequence[int], controls: Sequence[int], rise: int = 0) -> float:
    later = levels[1:]
    end = late_slope(later)
    slope = min(least_slope(later, controls), end if end < 0 else 2 * end)
    return slope - healthy_rise(later, controls, later[-1] + rise)


series = st.lists(st.integers(0, 40).map(lambda size: size * ODD_SIZE), min_size=5, max_size=12)


@given(series, st.lists(st.integers(0, 9 * MIB), min_size=2, max_size=9), st.integers(0, 9 * MIB))
def test_growth_is_what_every_good_explanation_leaves(
    levels: list[int], controls: list[int], rise: int
) -> None:
    judged = judge_growth(levels, controls, "pss", levels[-1] + rise)
    assert judged.bytes_per_fault == pytest.approx(
        by_definition(levels, controls, rise), abs=HALF_A_BYTE
    )


@given(series, st.integers(2, 9), st.integers(0, 9 * MIB), st.integers(0, 9 * MIB))
def test_growth_is_that_beyond_what_healthy_inferences_add(
    levels: list[int], count: int, each: int, rise: int
) -> None:
    controls = [GIB + min(place, count - 1) * each for place in range(count + 1)]
    judged = judge_growth(levels, controls, "pss", levels[-1] + rise)
    assert judged.bytes_per_fault == pytest.approx(
        by_definition(levels, controls, rise), abs=HALF_A_BYTE
    )


@st.composite
def courses(draw: st.DrawFn) -> list[int]:
    """Levels of a workload that grows, steps a few times, and stirs a little."""
    slope = draw(st.integers(0, 40))
    steps = draw(st.lists(st.tuples(st.integers(1, 12), st.integers(-80, 80)), max_size=4))
    stir = draw(st.lists(st.integers(0, 8), min_size=6, max_size=12))
    return [
        GIB + PAGES * (slope * index + sum(size for at, size in steps if at <= index) + moved)
        for index, moved in enumerate(stir)
    ]


@given(courses(), st.integers(0, MIB))
def test_growth_with_steps_is_what_every_good_explanation_leaves(
    levels: list[int], restless: int
) -> None:
    controls = (GIB, GIB + restless)
    judged = judge_growth(levels, controls, "pss")
    assert judged.bytes_per_fault == pytest.approx(by_definition(levels, controls), abs=HALF_A_BYTE)


@pytest.mark.parametrize(
    ("later", "slope"),
    [
        pytest.param([0, 10, 20, 30, 40, 50, 61, 71, 84], 10, id="the end rises faster"),
        pytest.param([0, 10, 20, 30, 40, 50, 61, 62, 64], 3, id="twice that of a slow end"),
        pytest.param([0, 10, 20, 30, 40, 50, 61, 55, 58], -3 / 2, id="an end that falls"),
    ],
)
def test_the_end_counts_double(later: list[int], slope: float) -> None:
    levels = [GIB, *(GIB + size * MIB for size in later)]
    assert judge_growth(levels, STEADY, "pss").bytes_per_fault == pytest.approx(slope * MIB)


def test_the_threshold_is_three_standard_errors_of_the_controls_noise() -> None:
    """Nine later levels, in thirds of three: a slope is known by 3 * (1 + 0 + 1)."""
    shaken = [GIB + (-1) ** number * 20 * MIB for number in range(20)]
    judged = judge_growth([GIB] * 10, shaken, "pss")
    assert judged.threshold_bytes == ceil(3 * 1.4826 * (80 * MIB / sqrt(6)) / sqrt(6))


def test_two_healthy_inferences_are_noise_as_far_as_they_are_apart() -> None:
    """Bends of 0 and 400 MiB, steps of 30 and 10 MiB: the median is between the steps."""
    levels = [GIB, GIB, GIB, GIB, GIB + 400 * MIB]
    apart = judge_growth(levels, (GIB, GIB + 30 * MIB, GIB + 40 * MIB), "pss")
    assert apart.threshold_bytes == ceil(3 * 1.4826 * (20 * MIB / sqrt(2)) / sqrt(0.5))


def test_the_threshold_is_three_standard_errors_of_the_levels_noise() -> None:
    """A bend of 8 MiB up and down again is one of 32 MiB."""
    shaken = [GIB + (-1) ** index * 8 * MIB for index in range(10)]
    judged = judge_growth(shaken, STEADY, "pss")
    assert judged.threshold_bytes == ceil(3 * 1.4826 * (32 * MIB / sqrt(6)) / sqrt(6))
