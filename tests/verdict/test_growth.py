"""Growth: what every fault adds is found; what comes once, or twice, isn't."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.verdict.growth import NOT_JUDGED, Growth, judge_growth
from tests.builders import GIB, MIB, TIB

STEADY = (GIB, GIB, GIB)


def growth(
    levels: Sequence[int], controls: Sequence[int] = STEADY, after: int | None = None
) -> Growth:
    return judge_growth(levels, controls, "pss", after)


def line(slope: int, repeats: int = 10) -> list[int]:
    return [GIB + index * slope for index in range(repeats)]


@pytest.mark.parametrize("repeats", [0, 1, 4])
def test_few_faults_say_nothing(repeats: int) -> None:
    assert growth(line(10 * MIB, repeats)) == NOT_JUDGED


def test_what_is_not_judged_is_not_found() -> None:
    assert not NOT_JUDGED.judged
    assert not NOT_JUDGED.found


@pytest.mark.parametrize("controls", [(), (GIB,)])
def test_without_a_control_nothing_is_said(controls: tuple[int, ...]) -> None:
    assert growth(line(10 * MIB), controls) == NOT_JUDGED


@pytest.mark.parametrize("impossible", [-1, TIB + 1, 10**400])
def test_sizes_that_no_device_has_arent_judged(impossible: int) -> None:
    assert growth([*line(2 * MIB), impossible]) == NOT_JUDGED
    assert growth(line(2 * MIB), (*STEADY, impossible)) == NOT_JUDGED


def test_the_largest_size_there_is_is_judged() -> None:
    assert growth([TIB] * 5, (TIB,) * 3).judged


@pytest.mark.parametrize("repeats", [5, 6, 7, 20, 1000])
@pytest.mark.parametrize("slope", [MIB + 1, 2 * MIB, 50 * MIB])
def test_what_every_fault_adds_is_found_and_its_size_is_right(slope: int, repeats: int) -> None:
    found = growth(line(slope, repeats))
    assert found == Growth(
        judged=True,
        instrument="pss",
        bytes_per_fault=slope,
        healthy_bytes=0,
        threshold_bytes=MIB,
    )
    assert found.found


@pytest.mark.parametrize("slope", [-10 * MIB, 0, MIB])
def test_less_than_a_mebibyte_per_fault_is_no_growth(slope: int) -> None:
    judged = growth([size + GIB for size in line(slope)])
    assert (judged.judged, judged.found, judged.bytes_per_fault) == (True, False, slope)


@given(
    repeats=st.integers(5, 40),
    steps=st.lists(st.tuples(st.integers(0, 40), st.integers(0, GIB)), max_size=2),
)
def test_up_to_two_steps_are_no_growth(repeats: int, steps: list[tuple[int, int]]) -> None:
    levels = [GIB + sum(size for at, size in steps if at <= index) for index in range(repeats)]
    assert not growth(levels).found


@given(
    noise=st.lists(st.integers(0, 20 * MIB), min_size=5, max_size=20),
    slope=st.integers(0, 20 * MIB),
)
def test_a_slope_on_top_is_a_slope_more(noise: list[int], slope: int) -> None:
    flat = growth(noise)
    steep = growth([size + index * slope for index, size in enumerate(noise)])
    assert flat.bytes_per_fault is not None
    assert steep.bytes_per_fault is not None
    # The end of the series counts double: it may gain twice as much, never less than once.
    gained = steep.bytes_per_fault - flat.bytes_per_fault
    assert slope - 1 <= gained <= 2 * slope + 1
    assert steep.threshold_bytes == pytest.approx(flat.threshold_bytes, abs=4)


@given(
    levels=st.lists(st.integers(0, 64 * MIB), min_size=5, max_size=20),
    shift=st.integers(0, GIB),
)
def test_only_differences_count(levels: list[int], shift: int) -> None:
    moved = growth([size + shift for size in levels], [size + shift for size in STEADY])
    assert moved.found == growth(levels).found


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7])
def test_a_cache_that_is_full_in_the_end_is_no_growth(share: float) -> None:
    full = int(share * 20)
    assert not growth([GIB + min(index, full) * 3 * MIB for index in range(20)]).found


def test_what_the_first_fault_adds_doesnt_count() -> None:
    assert growth([0, *line(2 * MIB)]) == growth([GIB, *line(2 * MIB)])


def test_growth_within_the_noise_of_faults_isnt_seen() -> None:
    shaken = [size + (-1) ** index * 8 * MIB for index, size in enumerate(line(2 * MIB, 20))]
    judged = growth(shaken)
    assert not judged.found
    assert judged.threshold_bytes is not None
    assert judged.threshold_bytes > 2 * MIB


def test_growth_within_the_noise_of_controls_isnt_seen() -> None:
    restless = [GIB, GIB + 40 * MIB] * 10
    assert growth(line(2 * MIB, 6)).found
    assert not growth(line(2 * MIB, 6), restless).found


def test_growth_that_steps_interrupt_is_found() -> None:
    levels = [size + 30 * MIB * (index > 7) for index, size in enumerate(line(2 * MIB, 20))]
    found = growth(levels)
    assert found.found
    assert found.bytes_per_fault == pytest.approx(2 * MIB, rel=0.3)


@pytest.mark.parametrize("first", range(2, 18))
def test_one_odd_stretch_hides_no_growth(first: int) -> None:
    """Somebody else's 40 MiB, there for two faults and gone again."""
    odd = range(first, first + 2)
    levels = [size + 40 * MIB * (at in odd) for at, size in enumerate(line(2 * MIB, 20))]
    assert growth(levels).found
    assert not growth([size - at * 2 * MIB for at, size in enumerate(levels)]).found


def healthy(rise: int, count: int = 3) -> list[int]:
    """So many inferences that add so much each, and the baseline, which adds nothing."""
    return [GIB + min(place, count - 1) * rise for place in range(count + 1)]


def excused(levels: Sequence[int], rise: int, count: int = 3) -> Growth:
    """Growth where healthy inferences add as much before the faults and after."""
    return growth(levels, healthy(rise, count), levels[-1] + rise)


@pytest.mark.parametrize("repeats", [5, 20])
@pytest.mark.parametrize("count", [3, 4, 5, 10])
def test_what_a_healthy_inference_adds_isnt_the_errors(repeats: int, count: int) -> None:
    judged = excused(line(2 * MIB, repeats), 2 * MIB, count)
    assert (judged.healthy_bytes, judged.bytes_per_fault, judged.found) == (2 * MIB, 0, False)


@pytest.mark.parametrize("repeats", [5, 20])
@pytest.mark.parametrize("count", [3, 4, 5, 10])
def test_what_a_fault_adds_beyond_it_is_found(repeats: int, count: int) -> None:
    found = excused(line(5 * MIB, repeats), 2 * MIB, count)
    assert (found.healthy_bytes, found.bytes_per_fault, found.found) == (2 * MIB, 3 * MIB, True)


@pytest.mark.parametrize(
    ("controls", "rise_after"),
    [
        pytest.param((0, 8, 8), 8, id="one rise may be the warm-up's end"),
        pytest.param((0, 8, 8, 8), 8, id="it added only once"),
        pytest.param((0, 1, 2, 2), 1, id="too little"),
        pytest.param((0, 8, 4, 4), 8, id="up and down"),
        pytest.param((0, 8, 16, 16), 0, id="a cache that is full since"),
        pytest.param((0, 8, 16, 16), -8, id="it gives back since"),
        pytest.param((0, 8, 16, 16), None, id="nobody knows whether it goes on"),
    ],
)
def test_controls_that_dont_go_on_growing_excuse_nothing(
    controls: tuple[int, ...], rise_after: int | None
) -> None:
    levels = line(2 * MIB, 20)
    after = None if rise_after is None else levels[-1] + rise_after * MIB
    found = growth(levels, [GIB + size * MIB for size in controls], after)
    assert (found.healthy_bytes, found.bytes_per_fault, found.found) == (0, 2 * MIB, True)


@pytest.mark.parametrize("rises", [(2, 3, 4), (4, 3, 2), (4, 2, 3)])
def test_of_what_healthy_inferences_add_the_least_counts(rises: tuple[int, ...]) -> None:
    *before, after = rises
    controls = [GIB + sum(before[:place]) * MIB for place in range(len(rises))]
    levels = line(6 * MIB, 20)
    judged = growth(levels, [*controls, controls[-1]], levels[-1] + after * MIB)
    assert judged.healthy_bytes == 2 * MIB


def test_controls_that_grow_within_the_noise_excuse_nothing() -> None:
    shaken = [size + (-1) ** index * MIB for index, size in enumerate(line(5 * MIB, 20))]
    noise = 1.4826 * 4 * MIB / sqrt(6)
    within, beyond = floor(3 * noise * sqrt(2) / 2), ceil(3 * noise * sqrt(2) / 2)

    assert excused(shaken, within).healthy_bytes == 0
    assert excused(shaken, beyond).healthy_bytes == beyond
