"""The figures of each check."""

from __future__ import annotations

from dataclasses import replace

from ops002.measurement import Phase, Stage
from ops002.reasons import Outcome, Reason
from ops002.verdict import Check, FaultFinding, judge
from tests.builders import (
    CPU,
    GIB,
    MIB,
    PEAK,
    Serving,
    limits,
    reading,
    snapshot,
    still,
    timeline,
    wait,
    with_wait,
)


def test_a_serving_workload_is_judged_alive_and_gone() -> None:
    measurement = Serving(after=1010 * MIB, gone=3 * MIB).measurement()
    alive, gone = judge(measurement, limits()).checks
    assert alive == Check(
        phase=Phase.AFTER_ERROR,
        device=CPU.device,
        instrument=CPU.instrument,
        baseline_bytes=1000 * MIB,
        post_error_bytes=1010 * MIB,
        delta_bytes=10 * MIB,
        tolerance_bytes=64 * MIB,
        at_stake_bytes=600 * MIB,
        smallest_detectable_bytes=64 * MIB + 1,
        outcome=Outcome.PASS,
        reason=Reason.RETURNED_TO_BASELINE,
        settle_seconds=0.5,
    )
    assert gone == replace(
        alive,
        phase=Phase.AFTER_EXIT,
        baseline_bytes=0,
        post_error_bytes=3 * MIB,
        delta_bytes=3 * MIB,
        at_stake_bytes=1600 * MIB,
    )


def test_the_delta_keeps_its_sign() -> None:
    (alive, _) = judge(Serving(after=990 * MIB).measurement(), limits()).checks
    assert alive.delta_bytes == -10 * MIB


def test_what_moved_while_still_hides_a_leak_of_that_size() -> None:
    """Noise of 2 MiB at the baseline and 1 MiB after it adds up."""
    moving = (
        *wait(Stage.BASELINE, 1000 * MIB, 1002 * MIB, 1001 * MIB),
        *wait(Stage.FAULT, 1600 * MIB, fault=0),
        *wait(Stage.AFTER_ERROR, 1001 * MIB, 1001 * MIB, 1000 * MIB, fault=0),
    )
    measurement = Serving(repeat=1).measurement(
        phases=(Phase.AFTER_ERROR,), snapshots=timeline(moving)
    )
    (check,) = judge(measurement, limits(repeat=1)).checks
    assert check.reason is Reason.RETURNED_TO_BASELINE
    assert check.smallest_detectable_bytes == 67 * MIB + 1


def test_a_longer_wait_takes_longer() -> None:
    measurement = with_wait(Serving().measurement(), Stage.AFTER_ERROR, *[1000 * MIB] * 9)
    assert judge(measurement, limits()).checks[0].settle_seconds == 2.0


def test_what_was_never_measured_is_none_and_not_zero() -> None:
    measurement = Serving().measurement(snapshots=())
    (alive, _) = judge(measurement, limits()).checks
    figures = (
        alive.baseline_bytes,
        alive.post_error_bytes,
        alive.delta_bytes,
        alive.at_stake_bytes,
        alive.smallest_detectable_bytes,
        alive.settle_seconds,
    )
    assert figures == (None,) * 6


def test_each_fault_keeps_its_own_settled_bytes() -> None:
    first, second = judge(Serving(after=7).measurement(), limits()).faults
    assert first == FaultFinding(index=0, fired=True, unmet=(), settled_bytes={"cpu": 7})
    assert second == replace(first, index=1)


def test_a_fault_that_did_not_fire_says_what_was_missing() -> None:
    (finding, _) = judge(Serving(evidence=()).measurement(), limits()).faults
    assert (finding.fired, finding.unmet) == (False, ("no sign of an out-of-memory error",))


def test_a_kernel_high_water_mark_counts_only_above_its_own_start() -> None:
    rise = (
        snapshot(Stage.FAULT, reading(5 * GIB, PEAK), fault=0),
        snapshot(Stage.FAULT, reading(5 * GIB + 300 * MIB, PEAK), fault=0),
    )
    snapshots = (
        *still(Stage.BASELINE, GIB),
        *rise,
        *still(Stage.AFTER_ERROR, GIB, 0),
    )
    measurement = Serving(repeat=1).measurement(
        phases=(Phase.AFTER_ERROR,), snapshots=timeline(snapshots)
    )
    (check,) = judge(measurement, limits(repeat=1)).checks
    assert check.at_stake_bytes == 300 * MIB
