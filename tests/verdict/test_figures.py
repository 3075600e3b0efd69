"""The figures of each check."""

from __future__ import annotations

from dataclasses import replace

from ops002.measurement import Measurement, Phase, Stage
from ops002.reasons import Outcome, Reason
from ops002.verdict.growth import NOT_JUDGED
from ops002.verdict.judge import Check, FaultFinding, judge
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
        own_delta_bytes=None,
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
    held_to = limits(repeat=1, tolerance_bytes=63 * MIB + 1)
    (check,) = judge(measurement, held_to).checks
    assert check.reason is Reason.RETURNED_TO_BASELINE
    assert check.smallest_detectable_bytes == 66 * MIB + 2


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
    first, second = judge(Serving(after=7, each_adds=5).measurement(), limits()).faults
    assert first == FaultFinding(index=0, fired=True, unmet=(), settled_bytes={"cpu": 7})
    assert second == replace(first, index=1, settled_bytes={"cpu": 12})


def test_a_fault_without_a_wait_has_no_settled_bytes() -> None:
    (finding, _) = judge(Serving().measurement(snapshots=()), limits()).faults
    assert finding.settled_bytes == {}


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


OTHER = replace(CPU, device="cuda:0")


def on_two_devices(first: Measurement, second: Measurement) -> Measurement:
    """Two measurements taken at the same moments, the second on another device."""
    snapshots = tuple(
        replace(
            one,
            readings=(
                *one.readings,
                *(replace(reading, device=OTHER.device) for reading in other.readings),
            ),
        )
        for one, other in zip(first.snapshots, second.snapshots, strict=True)
    )
    return replace(first, devices=(CPU, OTHER), snapshots=snapshots)


def growing(each_adds: int, *controls: int) -> Measurement:
    healthy = controls or (1000 * MIB,) * 6
    return Serving(controls=healthy, repeat=6, each_adds=each_adds).measurement()


def growth_of(first: Measurement, second: Measurement) -> tuple[int | None, bool]:
    growth = judge(on_two_devices(first, second), limits(repeat=6)).growth
    return growth.bytes_per_fault, growth.found


def test_the_growth_of_a_trial_is_that_of_the_device_where_it_is_worst() -> None:
    much, little = growing(4 * MIB), growing(2 * MIB)
    assert growth_of(much, little) == growth_of(little, much) == (4 * MIB, True)


def test_growth_that_is_found_is_worse_than_more_within_noise() -> None:
    restless = growing(6 * MIB, *[1000 * MIB, 1060 * MIB] * 3)
    found = growing(2 * MIB)
    assert growth_of(restless, restless) == (6 * MIB, False)
    assert growth_of(restless, found) == growth_of(found, restless) == (2 * MIB, True)


def test_where_no_device_shows_each_fault_growth_is_not_judged() -> None:
    assert judge(growing(2 * MIB), limits(repeat=7)).growth == NOT_JUDGED
    unread = growing(2 * MIB)
    judged = judge(replace(unread, devices=(CPU, OTHER)), limits(repeat=6)).growth
    assert judged.bytes_per_fault == 2 * MIB
