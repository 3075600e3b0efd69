"""What the figures of a check are derived from, and what they leave out."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

import pytest

from ops002.measurement import JudgedDevice, Measurement, Missing, Phase, Reading, Snapshot, Stage
from ops002.verdict.facts import CheckFacts
from ops002.verdict.growth import NOT_JUDGED
from ops002.verdict.limits import Limits
from tests.builders import (
    CPU,
    GIB,
    MIB,
    PEAK,
    STEP_SECONDS,
    Exiting,
    Serving,
    limits,
    missing,
    reading,
    snapshot,
    still,
    timeline,
    wait,
    with_wait,
)

ALIVE, GONE = Phase.AFTER_ERROR, Phase.AFTER_EXIT
LEVELS = (GIB, GIB + 2 * MIB, GIB + 4 * MIB, GIB + 6 * MIB, GIB + 8 * MIB, GIB + 10 * MIB)


def facts(
    measurement: Measurement,
    phase: Phase = ALIVE,
    held_to: Limits | None = None,
    device: JudgedDevice = CPU,
) -> CheckFacts:
    return CheckFacts(measurement, device, phase, held_to or limits())


def of(*waits: Iterable[Snapshot], phases: tuple[Phase, ...] = (ALIVE,)) -> Measurement:
    """A measurement of these waits alone."""
    snapshots = timeline(chain.from_iterable(waits))
    return Measurement(phases=phases, devices=(CPU,), snapshots=snapshots)


def at_fault(*readings: Reading | Missing, fault: int = 0) -> tuple[Snapshot, ...]:
    """Snapshots in the middle of a fault, one per reading."""
    return tuple(snapshot(Stage.FAULT, one, fault=fault) for one in readings)


def test_of_two_baselines_the_newer_counts() -> None:
    twice = of(still(Stage.BASELINE, 5), at_fault(reading(9)), still(Stage.BASELINE, 7))
    assert facts(twice).baseline_bytes == 7


def test_of_two_collections_the_newer_counts() -> None:
    measurement = of(
        still(Stage.BASELINE, GIB),
        still(Stage.AFTER_COLLECT, 2 * GIB, 0),
        still(Stage.AFTER_COLLECT, GIB - MIB, 1),
    )
    assert facts(measurement).collected_delta_bytes() == -MIB


def test_a_collection_without_a_baseline_has_no_delta() -> None:
    assert facts(of(still(Stage.AFTER_COLLECT, GIB))).collected_delta_bytes() is None


def test_without_a_collection_its_delta_is_none() -> None:
    assert facts(Serving().measurement()).collected_delta_bytes() is None


ACCEPTED = limits(accept_held_until_gc=True, repeat=3)


def test_an_accepted_collection_takes_the_place_of_the_last_wait_alone() -> None:
    course = Serving(repeat=3, after=5 * GIB, each_adds=MIB, collected=1000 * MIB)
    assert facts(course.measurement(), held_to=ACCEPTED).post_error_bytes == 1000 * MIB
    assert facts(course.measurement(), held_to=ACCEPTED).settled()
    assert facts(course.measurement(), GONE, ACCEPTED).post_error_bytes == 0


def test_without_a_collection_to_accept_every_wait_stays() -> None:
    judged = facts(Serving(repeat=3, each_adds=MIB).measurement(), held_to=ACCEPTED)
    assert judged.post_error_bytes == 1002 * MIB
    assert judged.settled()


def test_the_control_speaks_for_the_phase_that_it_resembles() -> None:
    """Healthy inferences of a workload that lives on say nothing of what its exit leaves."""
    serving = Serving(controls=(7, 9), baseline=8).measurement()
    assert facts(serving).noise.control_bytes() == (7, 9, 8)
    assert facts(serving, GONE).noise.control_bytes() == (0,)
    exiting = of(still(Stage.CONTROL, 7), still(Stage.BEFORE_START, 8), phases=(GONE,))
    assert facts(exiting, GONE).noise.control_bytes() == (7, 8)


@pytest.mark.parametrize(("controls", "spread"), [((), 0), ((7,), 4), ((7, 2, 12), 10)])
def test_the_control_spreads_from_its_least_to_its_most(
    controls: tuple[int, ...], spread: int
) -> None:
    judged = facts(Serving(controls=controls, baseline=3).measurement())
    assert judged.noise.control_spread_bytes == spread


def test_where_nothing_was_measured_nothing_spread() -> None:
    assert facts(of()).noise.control_spread_bytes == 0


def test_the_bytes_after_a_fault_are_those_of_its_own_wait() -> None:
    serving = facts(Serving(after=7, each_adds=5).measurement())
    assert [serving.bytes_after(fault) for fault in (0, 1, 2)] == [7, 12, None]
    exiting = facts(Exiting(gone=9).measurement(), GONE)
    assert [exiting.bytes_after(fault) for fault in (0, 1, 2)] == [9, 9, None]


def test_of_several_waits_after_a_fault_the_first_counts_and_those_alive_first() -> None:
    measured = of(
        still(Stage.AFTER_EXIT, 1, fault=0),
        still(Stage.AFTER_ERROR, 7, fault=0),
        wait(Stage.FAULT, 99, fault=1),
        still(Stage.AFTER_ERROR, 8, fault=0),
        still(Stage.AFTER_EXIT, 2, fault=1),
        still(Stage.AFTER_EXIT, 3),
    )
    assert [facts(measured).bytes_after(fault) for fault in (0, 1)] == [7, 2]


def test_a_wait_that_could_not_be_read_isnt_stood_in_for_by_a_later_one() -> None:
    unread = (snapshot(Stage.AFTER_ERROR, missing(), fault=0),)
    assert facts(of(unread, still(Stage.AFTER_EXIT, 1, fault=0))).bytes_after(0) is None


def test_more_waits_than_faults_asked_for_are_settled() -> None:
    more = with_wait(Serving().measurement(), Stage.AFTER_ERROR, *[1000 * MIB] * 3)
    assert facts(more).settled()


def test_fewer_waits_than_faults_asked_for_are_not() -> None:
    assert not facts(Serving(repeat=1).measurement()).settled()
    assert not facts(Exiting(repeat=1).measurement(), GONE).settled()


def test_a_workload_that_outlives_its_faults_exits_once() -> None:
    assert facts(Serving().measurement(), GONE).settled()
    assert not facts(of(still(Stage.BEFORE_START, 0), phases=(ALIVE, GONE)), GONE).settled()


def test_a_wait_that_the_instrument_was_not_asked_in_is_not_settled() -> None:
    """Not `Missing` (it was never tried), and not a reading: the first of two waits is of PEAK."""
    elsewhere = (snapshot(Stage.AFTER_ERROR, reading(GIB, PEAK), fault=0),)
    judged = facts(
        of(still(Stage.BASELINE, GIB), elsewhere, still(Stage.AFTER_ERROR, GIB, 1)),
        held_to=limits(repeat=2),
    )
    assert not judged.unreadable()
    assert not judged.settled()


def test_a_delta_lies_between_what_moving_waits_leave_possible() -> None:
    moving = of(
        wait(Stage.BASELINE, 1000 * MIB, 1005 * MIB, 1001 * MIB),
        wait(Stage.AFTER_ERROR, 1010 * MIB, 1030 * MIB, 1020 * MIB, fault=0),
    )
    assert facts(moving).delta_bounds() == (5 * MIB, 30 * MIB)


def test_the_last_reading_stands_for_a_wait_that_held_still() -> None:
    held = of(
        wait(Stage.BASELINE, 900 * MIB, 1000 * MIB, 1002 * MIB, 1001 * MIB),
        wait(Stage.AFTER_ERROR, 1300 * MIB, 1010 * MIB, 1012 * MIB, 1011 * MIB, fault=0),
    )
    assert facts(held).delta_bounds() == (10 * MIB, 10 * MIB)


def test_of_a_moving_wait_only_what_was_read_counts() -> None:
    holes = tuple(
        snapshot(Stage.AFTER_ERROR, one, fault=0)
        for one in (reading(1030 * MIB), missing(), reading(1020 * MIB))
    )
    assert facts(of(still(Stage.BASELINE, 1000 * MIB), holes)).delta_bounds() == (
        20 * MIB,
        30 * MIB,
    )


def test_a_delta_of_unread_waits_has_no_bounds() -> None:
    assert facts(of(still(Stage.BASELINE, GIB))).delta_bounds() is None
    assert facts(of(still(Stage.AFTER_ERROR, GIB, 0))).delta_bounds() is None


def test_a_wait_takes_from_its_first_reading_to_its_last() -> None:
    """The first reading of all is at 0 s."""
    assert facts(of(wait(Stage.AFTER_ERROR, 1, 1, 1))).settle_seconds == 2 * STEP_SECONDS


def test_noise_is_what_both_waits_moved() -> None:
    moved = of(wait(Stage.BASELINE, 5, 6, 9), wait(Stage.AFTER_ERROR, 7, 12, 9, fault=0))
    assert facts(moved).noise.bytes == 9


def test_noise_is_also_six_times_what_healthy_inferences_moved() -> None:
    moved = of(
        still(Stage.CONTROL, 4, 0),
        still(Stage.CONTROL, 9, 1),
        wait(Stage.BASELINE, 5, 6, 5),
        wait(Stage.AFTER_ERROR, 7, 8, 9),
    )
    assert facts(moved).noise.bytes == 1 + 2 + 6 * 5


def test_the_noise_of_a_wait_without_a_window_is_unknown() -> None:
    assert facts(of(still(Stage.BASELINE, 5), wait(Stage.AFTER_ERROR, 7))).noise.bytes is None
    assert facts(of(wait(Stage.BASELINE, 5), still(Stage.AFTER_ERROR, 7))).noise.bytes is None


def test_what_fell_during_the_fault_was_not_at_stake() -> None:
    fallen = of(still(Stage.BASELINE, 9), at_fault(reading(4)))
    assert facts(fallen).at_stake_bytes == 0
    mark = of(still(Stage.BASELINE, 9), at_fault(reading(7, PEAK), reading(5, PEAK)))
    assert facts(mark).at_stake_bytes == 0


def test_at_an_exit_all_that_was_ever_held_is_at_stake() -> None:
    warm = Serving(before=100, baseline=900, peak=500, after=300).measurement()
    assert facts(warm).at_stake_bytes == 0
    assert facts(warm, GONE).at_stake_bytes == 800
    late = Serving(before=100, baseline=300, peak=500, after=900).measurement()
    assert facts(late).at_stake_bytes == 200
    assert facts(late, GONE).at_stake_bytes == 800


def test_of_a_faults_attempts_the_last_one_counts() -> None:
    attempts = of(
        still(Stage.BASELINE, 100),
        at_fault(reading(900)),
        (snapshot(Stage.HEALTHY_TRY, reading(900), fault=0),),
        at_fault(reading(300)),
    )
    assert facts(attempts).at_stake_bytes == 200


def test_every_fault_may_raise_the_stake() -> None:
    first = of(still(Stage.BASELINE, 1), at_fault(reading(9)), at_fault(reading(5), fault=1))
    assert facts(first).at_stake_bytes == 8


def test_a_mark_counts_from_its_first_reading_in_the_same_fault() -> None:
    marks = of(
        still(Stage.BASELINE, 100),
        at_fault(reading(1300, PEAK), missing(), reading(1307, PEAK)),
        at_fault(reading(5000, PEAK), reading(5005, PEAK), fault=1),
    )
    assert facts(marks).at_stake_bytes == 7


def test_every_instrument_has_a_first_reading_of_its_own() -> None:
    marks = of(
        still(Stage.BASELINE, 100),
        at_fault(reading(50, "a mark"), reading(70, "z mark"), reading(59, "a mark")),
        at_fault(reading(50, "z mark"), reading(58, "z mark"), fault=1),
    )
    assert facts(marks).at_stake_bytes == 9


@pytest.mark.parametrize("other", ["a card", "z card"])
def test_the_marks_of_another_device_are_not_this_ones_stake(other: str) -> None:
    marks = of(
        still(Stage.BASELINE, 100),
        at_fault(reading(1, PEAK, other), reading(900, PEAK, other)),
    )
    assert facts(marks).at_stake_bytes is None


def growing(*controls: int, levels: tuple[int, ...] = LEVELS) -> tuple[tuple[Snapshot, ...], ...]:
    return (
        *(still(Stage.CONTROL, size, number) for number, size in enumerate(controls)),
        still(Stage.BASELINE, GIB),
        *(still(Stage.AFTER_ERROR, size, number) for number, size in enumerate(levels)),
    )


def test_growth_is_judged_on_a_settled_level_after_each_fault() -> None:
    judged = facts(of(*growing(GIB)), held_to=limits(repeat=6)).growth
    assert (judged.instrument, judged.bytes_per_fault) == (CPU.instrument, 2 * MIB)
    assert judged.found


def test_the_level_of_a_wait_is_the_median_of_its_last_window() -> None:
    odd_ends = (
        still(Stage.CONTROL, GIB),
        still(Stage.BASELINE, GIB),
        *(
            wait(Stage.AFTER_ERROR, size + 9 * MIB, size, size, size + odd, fault=number)
            for number, (size, odd) in enumerate(zip(LEVELS, (0, 3, 0, 3, 0, 3), strict=True))
        ),
    )
    judged = facts(of(*odd_ends), held_to=limits(repeat=6)).growth
    assert judged.bytes_per_fault == 2 * MIB


@pytest.mark.parametrize("repeat", [5, 7])
def test_growth_is_not_judged_on_more_or_fewer_waits_than_faults(repeat: int) -> None:
    assert facts(of(*growing(GIB)), held_to=limits(repeat=repeat)).growth == NOT_JUDGED


def test_growth_is_not_judged_where_a_fault_left_no_level() -> None:
    *others, last = growing(GIB, levels=(*LEVELS, LEVELS[-1]))
    assert facts(of(*others, last[:1]), held_to=limits(repeat=7)).growth == NOT_JUDGED
    assert facts(of(*others, last[:1]), held_to=limits(repeat=6)).growth == NOT_JUDGED


def test_growth_is_not_judged_without_a_control() -> None:
    assert facts(of(*growing()), held_to=limits(repeat=6)).growth == NOT_JUDGED


HEALTHY = (GIB, GIB + 2 * MIB, GIB + 4 * MIB)


def healthy_growth(*after: Iterable[Snapshot]) -> int | None:
    """What healthy inferences add, if these waits follow the faults."""
    course = growing(*HEALTHY)
    return facts(of(*course, *after), held_to=limits(repeat=6)).growth.healthy_bytes


def test_what_a_healthy_inference_adds_shows_in_the_control_and_after_the_faults() -> None:
    assert healthy_growth(still(Stage.AFTER_INFERENCE, LEVELS[-1] + 2 * MIB)) == 2 * MIB


def test_without_a_healthy_inference_after_the_faults_nobody_knows_what_it_adds() -> None:
    assert healthy_growth() == 0
    unsettled = wait(Stage.AFTER_INFERENCE, LEVELS[-1] + 2 * MIB)
    assert healthy_growth(unsettled) == 0


def test_of_two_healthy_inferences_after_the_faults_the_newer_counts() -> None:
    waits = (
        still(Stage.AFTER_INFERENCE, LEVELS[-1], 0),
        still(Stage.AFTER_INFERENCE, LEVELS[-1] + 2 * MIB, 1),
    )
    assert healthy_growth(*waits) == 2 * MIB
