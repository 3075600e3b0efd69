"""What a server keeps: a leak, or a cache that nobody can ask; and what its own gauge shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops002.measurement import GaugeMissing, Measurement, Missing, Reading, Stage
from ops002.reasons import Outcome, Reason
from ops002.verdict.gauge import GaugeFacts
from ops002.verdict.judge import judge
from tests.builders import CPU, MIB, Serving, gauge, limits, on_shared_device

SERVER = limits(may_cache=True)
GAUGED = limits(may_cache=True, gauge_within=0.05)


def moved(measurement: Measurement, instrument: str, size: int, *, fault: int) -> Measurement:
    """The measurement, with an instrument elsewhere in the wait after one fault."""

    def elsewhere(one: Reading | Missing) -> Reading | Missing:
        if isinstance(one, Missing) or one.instrument != instrument:
            return one
        return replace(one, bytes=one.bytes + size)

    return replace(
        measurement,
        snapshots=tuple(
            replace(one, readings=tuple(map(elsewhere, one.readings)))
            if (one.stage, one.fault) == (Stage.AFTER_ERROR, fault)
            else one
            for one in measurement.snapshots
        ),
    )


def test_what_the_first_failing_requests_leave_may_be_a_cache() -> None:
    kept = Serving(after=1200 * MIB, repeat=5).measurement()
    assert judge(kept, limits(may_cache=True, repeat=5)).reason is Reason.CACHE_OR_LEAK
    assert judge(kept, limits(repeat=5)).reason is Reason.LEAK


def test_a_cache_may_take_more_than_one_request_to_fill() -> None:
    course = Serving(after=1200 * MIB, repeat=5).measurement()
    fills = moved(course, CPU.instrument, -100 * MIB, fault=0)
    assert judge(fills, limits(may_cache=True, repeat=5)).reason is Reason.CACHE_OR_LEAK


@pytest.mark.parametrize("repeat", [2, 3, 5, 20])
def test_what_every_failing_request_adds_is_a_leak(repeat: int) -> None:
    grows = Serving(after=1070 * MIB, repeat=repeat, each_adds=20 * MIB).measurement()
    assert judge(grows, limits(may_cache=True, repeat=repeat)).reason is Reason.LEAK


def test_one_failing_request_says_nothing_of_the_next() -> None:
    once = Serving(after=1200 * MIB, repeat=1).measurement()
    assert judge(once, limits(may_cache=True, repeat=1)).reason is Reason.LEAK


def test_what_the_processes_themselves_add_is_no_cache() -> None:
    """The device stands still because somebody else gave back what they took."""
    kept = on_shared_device(Serving(after=1200 * MIB).measurement())
    assert judge(kept, SERVER).reason is Reason.CACHE_OR_LEAK
    assert judge(moved(kept, "own", 50 * MIB, fault=1), SERVER).reason is Reason.LEAK


def test_a_gauge_that_isnt_back_makes_of_a_cache_a_leak() -> None:
    kept = Serving(after=1200 * MIB).measurement(gauge=gauge(baseline=0.1, after=0.3))
    assert judge(kept, GAUGED).reason is Reason.LEAK
    back = replace(kept, gauge=gauge(baseline=0.1, after=0.1))
    assert judge(back, GAUGED).reason is Reason.CACHE_OR_LEAK


@pytest.mark.parametrize("after", [0.3, 0.0])
def test_a_gauge_may_stay_neither_above_nor_below(after: float) -> None:
    moved = Serving().measurement(gauge=gauge(baseline=0.1, after=after))
    alive, gone = judge(moved, GAUGED).checks
    assert alive.reason is Reason.GAUGE_NOT_RESTORED
    assert gone.outcome is Outcome.PASS


def test_a_gauge_may_stay_as_far_away_as_the_config_and_healthy_requests_allow() -> None:
    near = Serving().measurement(gauge=gauge(baseline=0.1, after=0.15))
    assert judge(near, GAUGED).outcome is Outcome.PASS
    wide = gauge(controls=(0.0, 0.2), baseline=0.1, after=0.3)
    assert judge(Serving().measurement(gauge=wide), GAUGED).outcome is Outcome.PASS


def test_a_gauge_that_rose_shows_what_was_at_stake() -> None:
    flat = Serving(peak=1000 * MIB)
    rose = flat.measurement(gauge=gauge(baseline=0.1, during=0.9, after=0.1))
    assert judge(rose, GAUGED).outcome is Outcome.PASS
    idle = flat.measurement(gauge=gauge(baseline=0.1, during=0.12, after=0.1))
    assert judge(idle, GAUGED).reason is Reason.NOTHING_AT_STAKE
    assert judge(rose, SERVER).reason is Reason.NOTHING_AT_STAKE


def test_a_gauge_may_lie_as_far_away_as_that_and_no_further() -> None:
    def facts(during: float, after: float) -> GaugeFacts:
        told = gauge(controls=(0.25, 0.5), baseline=0.5, during=during, after=after)
        return GaugeFacts(Serving().measurement(gauge=told), 0.25)

    at_the_edge, beyond = facts(during=1.0, after=0.0), facts(during=1.01, after=-0.01)

    assert (at_the_edge.rose, at_the_edge.lost) == (False, False)
    assert (beyond.rose, beyond.lost) == (True, True)


def test_a_gauge_is_told_as_it_was_last() -> None:
    moves = ((1, 9), (2, 8), (3, 3))
    course = [one for before, after in moves for one in gauge(baseline=before, after=after)]
    last = GaugeFacts(Serving().measurement(gauge=tuple(course)), 0.05)
    never = GaugeFacts(Serving().measurement(), 0.05)

    assert (last.baseline, last.after, last.lost) == (3, 3, False)
    assert (never.baseline, never.after) == (None, None)


@pytest.mark.parametrize("stage", [Stage.BASELINE, Stage.AFTER_ERROR])
def test_a_gauge_that_couldnt_be_read_is_no_reading(stage: Stage) -> None:
    told = gauge(baseline=0.1, after=0.1)
    unread = GaugeMissing(seconds=9.0, stage=stage, fault=None, missing="connection refused")
    assert judge(Serving().measurement(gauge=(*told, unread)), GAUGED).reason is Reason.NO_READING


def test_a_gauge_that_was_never_read_is_no_reading() -> None:
    course: Measurement = Serving().measurement()
    assert judge(course, GAUGED).reason is Reason.NO_READING


def test_a_gauge_that_is_no_number_is_no_reading() -> None:
    odd = Serving().measurement(gauge=gauge(baseline=0.1, after=float("nan")))
    assert judge(odd, GAUGED).reason is Reason.NO_READING
