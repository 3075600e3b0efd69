"""What torch's allocator says of itself: it counts for the stake and for growth, never judged."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest

from ops002.measurement import (
    TORCH_ALLOCATED,
    TORCH_PEAK,
    TORCH_RESERVED,
    Measurement,
    Phase,
    Reading,
    Snapshot,
    Stage,
)
from ops002.reasons import Reason
from ops002.verdict.judge import Judgement, judge
from ops002.wording.result import trial_line
from tests.builders import (
    CPU,
    GIB,
    MIB,
    SHARED,
    Serving,
    document,
    gate,
    limits,
    on_shared_device,
    reading,
    snapshot,
    still,
    timeline,
)

ALIVE = (Phase.AFTER_ERROR,)
WAITS = (Stage.CONTROL, Stage.BASELINE, Stage.AFTER_ERROR)
REPEAT = 6
STEADY = (GIB,) * REPEAT
GROWING = tuple(GIB + 2 * MIB * number for number in range(REPEAT))


def quiet() -> Measurement:
    """Errors during which the driver saw nothing."""
    return Serving(peak=1000 * MIB).measurement(phases=ALIVE)


def with_peaks(measurement: Measurement, *sizes: int) -> Measurement:
    """The measurement with these peaks told in each of its faults."""
    snapshots: list[Snapshot] = []
    for one in measurement.snapshots:
        snapshots.append(one)
        if one.stage is Stage.FAULT:
            told = [reading(size, TORCH_PEAK) for size in sizes]
            snapshots += [snapshot(Stage.FAULT, peak, fault=one.fault) for peak in told]
    return replace(measurement, snapshots=timeline(snapshots))


@pytest.mark.parametrize(("peak", "reason"), [
    (GIB + 64 * MIB + 1, Reason.RETURNED_TO_BASELINE),
    (GIB + 64 * MIB, Reason.NOTHING_AT_STAKE),
])  # fmt: skip
def test_a_peak_that_the_driver_missed_was_at_stake(peak: int, reason: Reason) -> None:
    judged = judge(with_peaks(quiet(), GIB, peak), limits())
    assert judged.reason is reason
    assert judged.checks[0].at_stake_bytes == peak - GIB


def test_a_peak_counts_from_the_beginning_of_the_fault_alone() -> None:
    (check,) = judge(with_peaks(quiet(), 5 * GIB), limits()).checks
    assert check.at_stake_bytes == 0


def test_what_is_judged_are_the_devices_bytes_whatever_torch_says() -> None:
    leaking = Serving(after=1065 * MIB).measurement(phases=ALIVE)
    steady = told_after_waits(leaking, TORCH_ALLOCATED, (GIB, GIB, GIB))
    clean = Serving().measurement(phases=ALIVE)
    rising = told_after_waits(clean, TORCH_ALLOCATED, (GIB, 9 * GIB, 9 * GIB))
    assert judge(steady, limits()).reason is Reason.LEAK
    assert judge(rising, limits()).reason is Reason.RETURNED_TO_BASELINE
    assert judge(rising, limits()).checks[0].delta_bytes == 0


def told_after_waits(
    measurement: Measurement, instrument: str, sizes: tuple[int | None, ...]
) -> Measurement:
    """The measurement with one more reading at the end of each wait, in their order."""
    snapshots = list(measurement.snapshots)
    ends = [
        place
        for place, (one, after) in enumerate(zip(snapshots, [*snapshots[1:], None], strict=True))
        if one.stage in WAITS
        and (after is None or (after.stage, after.fault) != (one.stage, one.fault))
    ]
    for place, size in zip(ends, sizes, strict=True):
        if size is not None:
            told: tuple[Reading, ...] = (reading(size, instrument),)
            here = snapshots[place]
            snapshots[place] = replace(here, readings=(*here.readings, *told))
    return replace(measurement, snapshots=tuple(snapshots))


def growing(live: tuple[int | None, ...], each_adds: int = 0) -> Judgement:
    """Judged: live tensors after a control, at the baseline, and after each fault."""
    serving = Serving(controls=(1000 * MIB,), repeat=REPEAT, each_adds=each_adds)
    measurement = told_after_waits(serving.measurement(phases=ALIVE), TORCH_ALLOCATED, live)
    return judge(measurement, limits(repeat=REPEAT))


def test_growth_is_found_in_live_tensors_that_the_device_doesnt_show() -> None:
    judged = growing((GIB, GIB, *GROWING))
    assert judged.reason is Reason.GROWTH_PER_ERROR
    assert (judged.growth.instrument, judged.growth.bytes_per_fault) == (TORCH_ALLOCATED, 2 * MIB)


def test_a_red_says_by_which_instrument_it_grows() -> None:
    serving = Serving(controls=(1000 * MIB,), repeat=REPEAT)
    measurement = told_after_waits(
        serving.measurement(phases=ALIVE), TORCH_ALLOCATED, (GIB, GIB, *GROWING)
    )
    (trial,) = gate(measurement, config=document(repeat=REPEAT)).trials
    assert trial_line(trial).startswith(
        "every out-of-memory error adds 2.0 MiB on cpu by torch-allocated: 0 B after 6"
    )


def test_growth_that_torch_doesnt_know_of_is_found_all_the_same() -> None:
    judged = growing((GIB, GIB, *STEADY), each_adds=2 * MIB)
    assert judged.reason is Reason.GROWTH_PER_ERROR
    assert judged.growth.instrument == CPU.instrument


def test_steady_live_tensors_are_no_growth() -> None:
    assert growing((GIB, GIB, *STEADY)).reason is Reason.RETURNED_TO_BASELINE


@pytest.mark.parametrize("untold", range(2 + REPEAT))
def test_live_tensors_count_only_where_they_are_told_at_every_point(untold: int) -> None:
    live: list[int | None] = [GIB, GIB, *GROWING]
    live[untold] = None
    judged = growing(tuple(live))
    assert judged.reason is Reason.RETURNED_TO_BASELINE
    assert judged.growth.instrument == CPU.instrument


def test_what_the_allocator_keeps_in_reserve_is_no_growth() -> None:
    serving = Serving(controls=(1000 * MIB,), repeat=REPEAT).measurement(phases=ALIVE)
    reserved = told_after_waits(serving, TORCH_RESERVED, (GIB, GIB, *GROWING))
    assert judge(reserved, limits(repeat=REPEAT)).growth.instrument == CPU.instrument


def shared(each_adds: int, own_adds: int | None, others_add: int | None = 0) -> Judgement:
    """Judged: a device that others may be on, where so much is added per fault.

    To its total, to the workload's own bytes, to everybody else's; None: not told after a fault.
    """
    serving = Serving(controls=(1000 * MIB,), repeat=REPEAT, each_adds=each_adds)
    measurement = on_shared_device(serving.measurement(phases=ALIVE))
    snapshots = []
    for one in measurement.snapshots:
        faults = (one.fault or 0) if one.stage is Stage.AFTER_ERROR else 0
        told = [one.reading(SHARED.device, SHARED.instrument)]
        for instrument, size, adds in (
            (SHARED.own, 1000 * MIB, own_adds),
            (SHARED.others, 0, others_add),
        ):
            if adds is not None or faults != REPEAT - 2:
                told.append(reading(size + faults * (adds or 0), str(instrument)))
        readings = tuple(one for one in told if one is not None)
        snapshots.append(replace(one, readings=readings, processes=()))
    return judge(replace(measurement, snapshots=tuple(snapshots)), limits(repeat=REPEAT))


def test_growth_of_others_on_the_device_isnt_the_workloads() -> None:
    judged = shared(each_adds=2 * MIB, own_adds=0, others_add=2 * MIB)
    assert not judged.growth.found


def test_growth_of_the_workloads_own_bytes_is_found_in_spite_of_others() -> None:
    judged = shared(each_adds=0, own_adds=2 * MIB)
    assert judged.reason is Reason.GROWTH_PER_ERROR
    assert judged.growth.instrument == SHARED.own


@pytest.mark.parametrize("own_adds", [0, None])
def test_growth_that_no_listed_process_owns_is_found(own_adds: int | None) -> None:
    judged = shared(each_adds=2 * MIB, own_adds=own_adds)
    assert judged.reason is Reason.GROWTH_PER_ERROR
    assert (judged.growth.instrument, judged.growth.bytes_per_fault) == (
        SHARED.instrument,
        2 * MIB,
    )


def test_where_others_arent_told_throughout_own_bytes_decide() -> None:
    judged = shared(each_adds=2 * MIB, own_adds=0, others_add=None)
    assert (judged.growth.instrument, judged.growth.found) == (SHARED.own, False)


def test_where_own_bytes_arent_told_throughout_the_device_decides() -> None:
    judged = shared(each_adds=2 * MIB, own_adds=None, others_add=None)
    assert judged.growth.instrument == SHARED.instrument
    assert judged.growth.found


def test_after_the_exit_the_workload_holds_nothing_so_the_device_decides() -> None:
    waits = [still(Stage.CONTROL, 0, 0), still(Stage.BEFORE_START, 0)]
    waits += [still(Stage.AFTER_EXIT, 2 * MIB * number, number) for number in range(REPEAT)]
    measurement = Measurement(
        phases=(Phase.AFTER_EXIT,), devices=(CPU,), snapshots=timeline(chain.from_iterable(waits))
    )
    judged = judge(on_shared_device(measurement, own=(0, 0)), limits(repeat=REPEAT))
    assert (judged.growth.instrument, judged.growth.found) == (CPU.instrument, True)
