"""A sample of the error rates: the recorded trials, replayed with leaks, steps and noise."""

from __future__ import annotations

import random

import pytest

from bench.error_rates.bound import upper_bound
from bench.error_rates.replay import Disturbance, replay
from bench.error_rates.tables import (
    MIB,
    NOISES,
    RETURNS_LATE,
    Cell,
    Noise,
    counted,
    detection_table,
    false_alarm_table,
    scenario,
)
from bench.error_rates.trace import Trace, saved
from ops002.verdict import judge

TRACES = list(saved())
STEADY = [trace for trace in TRACES if trace.name not in RETURNS_LATE]
SAMPLE = 2 * len(TRACES)
NOISY = pytest.mark.parametrize("noise", NOISES, ids=lambda noise: noise.label)


def flat(size: int = 500 * MIB) -> Trace:
    wait = ((0.0, size),)
    return Trace(
        name="flat",
        rise=300 * MIB,
        waits={"baseline": (wait,), "fault": (wait,), "after-error": (wait,)},
    )


def reason(disturbance: Disturbance, repeat: int = 8) -> str:
    held_to = scenario(repeat, "4MiB")
    measurement = replay(flat(), disturbance, held_to, random.Random(0))
    return judge(measurement, held_to.limits(held_to.faults[0])).reason.value


def test_there_are_recorded_trials() -> None:
    assert len(STEADY) > 10


def test_memory_that_does_as_it_did_passes() -> None:
    assert reason(Disturbance()) == "returned-to-baseline"


def test_a_leak_in_a_replay_is_found() -> None:
    assert reason(Disturbance(leak_per_fault=20 * MIB)) == "leak"
    assert reason(Disturbance(leak_per_fault=2 * MIB)) == "growth-per-error"


def test_a_step_in_a_replay_is_none() -> None:
    assert reason(Disturbance(steps=((3, 30 * MIB),))) == "returned-to-baseline"
    assert reason(Disturbance(steps=((3, 65 * MIB),))) == "leak"


def test_readings_that_never_hold_still_arent_judged() -> None:
    assert reason(Disturbance(reading_noise=30 * MIB)) == "unsettled"


def test_the_same_seed_gives_the_same_trial() -> None:
    held_to = scenario(5, "4MiB")
    noisy = Disturbance(level_noise=MIB, reading_noise=MIB / 4)
    once, again = (replay(flat(), noisy, held_to, random.Random(7)) for _ in range(2))
    assert once == again


@NOISY
def test_no_recorded_trial_is_red(noise: Noise) -> None:
    count = counted(Cell(noise, repeat=20, leak=0, steps=1, replays=SAMPLE), TRACES, seed=1)
    assert count.green == SAMPLE, count.reasons


@NOISY
def test_two_mebibytes_per_error_are_found_in_twenty(noise: Noise) -> None:
    count = counted(Cell(noise, repeat=20, leak=2, steps=0, replays=SAMPLE), STEADY, seed=1)
    assert count.green <= SAMPLE // 20, count.reasons


@NOISY
def test_more_than_the_check_says_it_detects_is_never_green(noise: Noise) -> None:
    count = counted(Cell(noise, repeat=5, leak=16, steps=0, replays=SAMPLE), TRACES, seed=1)
    assert count.false_green == 0
    assert count.green == 0


def test_the_tables_show_what_was_counted() -> None:
    clean = counted(Cell(NOISES[0], repeat=5, leak=0, steps=0, replays=3), [flat()], seed=1)
    leaking = counted(Cell(NOISES[0], repeat=5, leak=16, steps=0, replays=3), [flat()], seed=1)
    assert "| none | 5 | 0 | 3 | 0 |  |" in false_alarm_table([clean])
    assert "| none | 5 | 100.0% |" in detection_table([leaking])


@pytest.mark.parametrize(
    ("events", "trials", "bound"), [(0, 300, 0.00994), (0, 10_000, 0.0003), (3, 10_000, 0.000775)]
)
def test_the_bound_of_a_rate(events: int, trials: int, bound: float) -> None:
    """0 of n: the rule of three; the third from a table of the exact method."""
    assert upper_bound(events, trials) == pytest.approx(bound, rel=0.01)
