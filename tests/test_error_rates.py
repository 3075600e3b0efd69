"""A sample of the error rates: the recorded trials, replayed with leaks, steps and noise."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench.error_rates.bound import upper_bound
from bench.error_rates.cells import (
    MIB,
    NOISES,
    RETURNS_LATE,
    Cell,
    Noise,
    all_counted,
    counted,
    scenario,
)
from bench.error_rates.replay import Disturbance, replay
from bench.error_rates.tables import detection_table, false_alarm_table, slab_table
from bench.error_rates.trace import Trace, saved
from ops002.verdict.judge import judge

TRACES = saved()
STEADY = [trace for trace in TRACES if trace.name not in RETURNS_LATE]
SAMPLE = 40
QUIET, *_ = NOISES
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


def every_fault(size: int, repeat: int = 8) -> Disturbance:
    return Disturbance(rises=tuple((fault, size) for fault in range(repeat)))


def test_there_are_recorded_trials() -> None:
    assert len(STEADY) > 10


def test_rates_over_no_trial_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no recorded trial"):
        saved(tmp_path)


def test_memory_that_does_as_it_did_passes() -> None:
    assert reason(Disturbance()) == "returned-to-baseline"


def test_a_leak_in_a_replay_is_found() -> None:
    assert reason(every_fault(20 * MIB)) == "leak"
    assert reason(every_fault(2 * MIB)) == "growth-per-error"


def test_a_step_in_a_replay_is_none() -> None:
    assert reason(Disturbance(rises=((3, 30 * MIB),))) == "returned-to-baseline"
    assert reason(Disturbance(rises=((3, 65 * MIB),))) == "leak"


def test_readings_that_never_hold_still_arent_judged() -> None:
    assert reason(Disturbance(reading_noise=30 * MIB)) == "unsettled"


def test_the_same_seed_gives_the_same_trial() -> None:
    held_to = scenario(5, "4MiB")
    noisy = Disturbance(level_noise=MIB, reading_noise=MIB / 4)
    once, again = (replay(flat(), noisy, held_to, random.Random(7)) for _ in range(2))
    assert once == again


@NOISY
def test_no_recorded_trial_is_red(noise: Noise) -> None:
    count = counted(Cell(noise, 20, SAMPLE, steps=1), TRACES)
    assert count.green == SAMPLE, count.reasons


@NOISY
def test_two_mebibytes_per_error_are_found_in_twenty(noise: Noise) -> None:
    count = counted(Cell(noise, 20, SAMPLE, leak=2), STEADY)
    assert count.green <= SAMPLE // 20, count.reasons


@NOISY
def test_more_than_the_check_says_it_detects_is_never_green(noise: Noise) -> None:
    """68 MiB in all, by too few errors to grow: green now and then, if the check says less."""
    assert counted(Cell(noise, 4, SAMPLE, leak=17), TRACES).false_green == 0


@NOISY
def test_more_than_noise_can_hide_is_never_green(noise: Noise) -> None:
    assert counted(Cell(noise, 4, SAMPLE, leak=32), TRACES).green == 0


@pytest.mark.parametrize("slab", [2, 4])
def test_a_leak_in_slabs_is_found_in_twenty_errors(slab: int) -> None:
    count = counted(Cell(QUIET, 20, SAMPLE, leak=2, slab=slab), STEADY)
    assert count.green == 0, count.reasons


def test_how_many_processes_count_makes_no_difference() -> None:
    cells = [Cell(noise, 5, 8, leak=3) for noise in NOISES]
    alone, together = (list(all_counted(cells, TRACES, workers)) for workers in (1, 2))
    assert alone == together


def test_the_tables_show_what_was_counted() -> None:
    clean = counted(Cell(NOISES[1], 5, 3), [flat()])
    leaking = counted(Cell(QUIET, 5, 3, leak=16), [flat()])
    slabs = counted(Cell(QUIET, 20, 3, leak=12, slab=4), [flat()])
    false_alarms = list(false_alarm_table([clean], 1))
    assert "| 0.5 MiB per reading | 5 | 0 | 3 | 0 |  |" in false_alarms
    assert "* noise and no step: 0 red of 3, at most 63.160%" in false_alarms
    assert "these 1 recorded trials" in false_alarms[-1]
    assert "| none | 5 | 100.0% |" in detection_table([leaking])
    assert "| none | 4 errors | 20 | 100.0% |" in slab_table([slabs])


@pytest.mark.parametrize(
    ("events", "trials", "bound"), [(0, 300, 0.00994), (0, 10_000, 0.0003), (3, 10_000, 0.000775)]
)
def test_the_bound_of_a_rate(events: int, trials: int, bound: float) -> None:
    """0 of n: the rule of three; the third from a table of the exact method."""
    assert upper_bound(events, trials) == pytest.approx(bound, rel=0.01)
