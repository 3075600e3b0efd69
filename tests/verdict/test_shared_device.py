"""A device that others may be on: whose memory moved decides what the device's own figure means."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.measurement import Measurement, Missing, Phase, Reading, Snapshot, Stage
from ops002.reasons import Reason
from ops002.verdict.judge import judge
from tests.builders import (
    MIB,
    SHARED,
    Serving,
    limits,
    on_shared_device,
    reading,
    snapshot,
    still,
    timeline,
    with_wait,
)

ALIVE = (Phase.AFTER_ERROR,)
TENANT = 5000 * MIB


def serving(after: int = 1000 * MIB, peak: int = 1600 * MIB, theirs: int = 0) -> Measurement:
    """The device's own readings: the workload's memory, and others' on top."""
    return Serving(
        baseline=1000 * MIB + theirs, after=after + theirs, peak=peak + theirs
    ).measurement(phases=ALIVE)


def reason(measurement: Measurement) -> Reason:
    return judge(measurement, limits()).reason


def test_steady_others_change_nothing() -> None:
    steady = (TENANT, TENANT)
    assert reason(on_shared_device(serving(theirs=TENANT), others=steady)) is (
        Reason.RETURNED_TO_BASELINE
    )
    leaking = serving(after=1065 * MIB, theirs=TENANT)
    assert reason(on_shared_device(leaking, others=steady)) is Reason.LEAK


@pytest.mark.parametrize(("moved", "judged"), [
    (4 * MIB, Reason.RETURNED_TO_BASELINE),
    (4 * MIB + 1, Reason.FOREIGN_ACTIVITY),
    (-4 * MIB - 1, Reason.FOREIGN_ACTIVITY),
    (500 * MIB, Reason.FOREIGN_ACTIVITY),
])  # fmt: skip
def test_others_that_move_by_more_than_the_band_spoil_the_delta(moved: int, judged: Reason) -> None:
    measured = Serving(
        baseline=1000 * MIB + TENANT, after=1000 * MIB + TENANT + moved, peak=1600 * MIB + TENANT
    ).measurement(phases=ALIVE)
    assert reason(on_shared_device(measured, others=(TENANT, TENANT + moved))) is judged


def test_what_others_give_back_hides_no_leak() -> None:
    """The device is at its baseline: 200 MiB of the workload's came, and as much of theirs went."""
    cancelled = on_shared_device(
        serving(), own=(1000 * MIB, 1200 * MIB), others=(TENANT, TENANT - 200 * MIB)
    )
    assert reason(cancelled) is Reason.LEAK


@pytest.mark.parametrize(("own", "judged"), [
    (936 * MIB, Reason.RETURNED_TO_BASELINE),
    (936 * MIB - 1, Reason.WORKING_SET_LOST),
])  # fmt: skip
def test_what_nobody_is_listed_for_hides_no_lost_working_set(own: int, judged: Reason) -> None:
    """The device is at its baseline: who isn't listed came with what the workload lost."""
    covered = on_shared_device(serving(), own=(1000 * MIB, own))
    assert judge(covered, limits(min_at_stake_bytes=0)).reason is judged


def test_what_the_workload_keeps_is_a_leak_though_others_move() -> None:
    both = Serving(baseline=6000 * MIB, after=7000 * MIB, peak=7000 * MIB).measurement(phases=ALIVE)
    kept = on_shared_device(both, own=(1000 * MIB, 1065 * MIB), others=(TENANT, TENANT + 935 * MIB))
    assert reason(kept) is Reason.LEAK


def test_where_nobody_says_who_holds_what_the_device_itself_is_judged() -> None:

    def untold(measurement: Measurement) -> Measurement:
        return on_shared_device(measurement, own=(None, None), others=(None, None))

    assert reason(untold(serving())) is Reason.RETURNED_TO_BASELINE
    assert reason(untold(serving(after=1065 * MIB))) is Reason.LEAK


def test_a_workload_that_was_never_there_used_nothing() -> None:
    assert reason(on_shared_device(serving(), own=(0, 0))) is Reason.DEVICE_NOT_USED
    assert reason(on_shared_device(serving(), own=(0, 1))) is not Reason.DEVICE_NOT_USED
    assert reason(on_shared_device(serving(), own=(0, None))) is not Reason.DEVICE_NOT_USED


def test_what_others_take_for_a_while_is_not_at_stake() -> None:
    """They had 600 MiB more during the fault; the workload itself took 10 MiB."""
    course = [
        *still(Stage.BASELINE, 2000 * MIB),
        snapshot(Stage.FAULT, fault=0),
        *still(Stage.AFTER_ERROR, 2000 * MIB, 0),
    ]
    measured = serving()
    told = on_shared_device(
        replace(measured, snapshots=timeline(course)), own=(1000 * MIB, 1010 * MIB)
    )
    (check,) = judge(told, limits(repeat=1)).checks
    assert check.at_stake_bytes == 10 * MIB


def test_where_the_stake_cant_be_told_apart_the_devices_counts() -> None:
    told = on_shared_device(serving(), own=(1000 * MIB, None))
    (check,) = judge(told, limits()).checks
    assert check.at_stake_bytes == 600 * MIB


_deltas = st.sampled_from([0, 4 * MIB, 4 * MIB + 1, 64 * MIB, 64 * MIB + 1, 200 * MIB]) | (
    st.integers(0, 300 * MIB)
)
signed = st.builds(lambda size, sign: size * sign, _deltas, st.sampled_from([1, -1]))


def test_one_that_comes_does_not_make_up_for_one_that_leaves() -> None:
    """The one that came may be an orphan of the workload's that nobody has recognised."""
    exchanged = ({8: 300 * MIB, 9: TENANT - 300 * MIB}, {9: TENANT - 300 * MIB, 10: 300 * MIB})
    measured = on_shared_device(
        serving(theirs=TENANT), others=(TENANT, TENANT), neighbours=exchanged
    )
    assert reason(measured) is Reason.FOREIGN_ACTIVITY


_each = st.lists(signed, max_size=4)


@given(ours=st.integers(-4 * MIB, 4 * MIB), theirs=_each, nobodys=signed)
def test_no_pass_where_any_others_moved_beyond_the_band(
    ours: int, theirs: list[int], nobodys: int
) -> None:
    """Whatever makes up for it: another of them, the workload, or what nobody is listed for."""
    before = dict.fromkeys(range(10, 10 + len(theirs)), TENANT)
    after = {pid: TENANT + change for pid, change in zip(before, theirs, strict=True)}
    start, end = sum(before.values()), sum(after.values())
    measured = Serving(
        baseline=1000 * MIB + start,
        after=1000 * MIB + end + ours + nobodys,
        peak=1600 * MIB + start,
    ).measurement(phases=ALIVE)
    told = on_shared_device(
        measured,
        own=(1000 * MIB, 1000 * MIB + ours),
        others=(start, end),
        neighbours=(before, after),
    )
    held_to = limits(min_at_stake_bytes=0)
    taken = sum(change for change in theirs if change > 0)
    given_back = sum(-change for change in theirs if change < 0)
    judged = judge(told, held_to).reason
    if max(taken, given_back) > held_to.band_bytes:
        assert judged is Reason.FOREIGN_ACTIVITY
    else:
        fair = abs(ours + nobodys + end - start) <= held_to.tolerance_bytes
        assert (judged is Reason.RETURNED_TO_BASELINE) == fair


def beside_a_neighbour(measurement: Measurement, own: int = 1000 * MIB) -> Measurement:
    """All that moves is a neighbour's; the workload holds the same all the time, but in faults."""
    snapshots = []
    for one in measurement.snapshots:
        used = one.reading(SHARED.device, SHARED.instrument)
        assert isinstance(used, Reading)
        ours = used.bytes if one.stage is Stage.FAULT else own
        told = (reading(ours, "own"), reading(used.bytes - ours, "others"))
        snapshots.append(replace(one, readings=(*one.readings, *told)))
    return replace(measurement, devices=(SHARED,), snapshots=tuple(snapshots))


def test_a_neighbour_that_moves_in_the_control_is_no_unsteady_control() -> None:
    course = Serving(controls=(1000 * MIB, 1500 * MIB), baseline=1500 * MIB, after=1500 * MIB)
    measured = course.measurement(phases=ALIVE)
    assert reason(measured) is Reason.UNSTEADY_CONTROL
    (check,) = judge(beside_a_neighbour(measured), limits(min_at_stake_bytes=0)).checks
    assert check.reason is Reason.RETURNED_TO_BASELINE
    assert check.smallest_detectable_bytes == 64 * MIB + 1


def test_where_a_neighbour_cant_be_told_apart_its_moves_are_noise() -> None:
    course = Serving(controls=(1000 * MIB, 1010 * MIB), baseline=1010 * MIB, after=1010 * MIB)
    apart = beside_a_neighbour(course.measurement(phases=ALIVE))
    assert judge(apart, limits()).checks[0].smallest_detectable_bytes == 64 * MIB + 1
    for untold in [("own",), ("others",), ("own", "others")]:
        (check,) = judge(without(apart, *untold), limits()).checks
        assert check.smallest_detectable_bytes == 64 * MIB + 60 * MIB + 1


def test_memory_that_nobody_is_listed_for_moves_the_control_too() -> None:
    course = Serving(controls=(1000 * MIB, 1100 * MIB), baseline=1100 * MIB, after=1100 * MIB)
    measured = on_shared_device(
        course.measurement(phases=ALIVE), own=(900 * MIB, 900 * MIB), others=(0, 0)
    )
    assert reason(measured) is Reason.UNSTEADY_CONTROL


@pytest.mark.parametrize("stage", [Stage.BASELINE, Stage.AFTER_ERROR])
def test_a_neighbour_that_never_holds_still_is_what_is_told(stage: Stage) -> None:
    """It ends where it began; the readings are never still, and it isn't the workload's doing."""
    course = with_still_readings_replaced(serving(), stage, [1000 * MIB, 1300 * MIB, 1000 * MIB])
    restless = beside_a_neighbour(course)
    assert reason(course) is Reason.UNSETTLED
    assert reason(restless) is Reason.FOREIGN_ACTIVITY


def test_a_leak_is_told_beside_a_neighbour_that_never_holds_still() -> None:
    course = with_still_readings_replaced(
        serving(after=1200 * MIB), Stage.AFTER_ERROR, [1000 * MIB, 1300 * MIB, 1000 * MIB]
    )
    leaking = beside_a_neighbour(course)
    snapshots = tuple(
        replace(one, readings=tuple(_more(part, 200 * MIB) for part in one.readings))
        if one.stage is Stage.AFTER_ERROR
        else one
        for one in leaking.snapshots
    )
    assert reason(replace(leaking, snapshots=snapshots)) is Reason.LEAK


def test_what_the_workload_still_had_before_it_settled_hides_no_leak() -> None:
    """Its own bytes hold still at both ends; the readings after the errors don't, for others."""
    course = with_still_readings_replaced(
        serving(after=1200 * MIB), Stage.AFTER_ERROR, [1200 * MIB, 1500 * MIB, 1200 * MIB]
    )
    settling = tuple(
        replace(one, seconds=one.seconds - 5) for one in course.series(Stage.BASELINE)[0]
    )
    early = tuple(with_own(one, 1900 * MIB) for one in settling)
    snapshots = tuple(
        with_own(one, 1200 * MIB if one.stage is Stage.AFTER_ERROR else 1000 * MIB)
        for one in course.snapshots
    )
    before = [one for one in snapshots if one.stage is Stage.BEFORE_START]
    after = [one for one in snapshots if one.stage is not Stage.BEFORE_START]
    told = replace(course, devices=(SHARED,), snapshots=(*before, *early, *after))
    assert reason(told) is Reason.LEAK


def with_own(one: Snapshot, own: int) -> Snapshot:
    """Its readings, so much of them the workload's."""
    used = one.reading(SHARED.device, SHARED.instrument)
    assert isinstance(used, Reading)
    told = (reading(own, "own"), reading(max(0, used.bytes - own), "others"))
    return replace(one, readings=(used, *told))


def without(measurement: Measurement, *instruments: str) -> Measurement:
    """The measurement where some shares were never told."""
    snapshots = tuple(
        replace(
            one,
            readings=tuple(
                Missing(device=part.device, instrument=part.instrument, missing="nobody says")
                if part.instrument in instruments
                else part
                for part in one.readings
            ),
        )
        for one in measurement.snapshots
    )
    return replace(measurement, snapshots=snapshots)


def _more(part: Reading | Missing, size: int) -> Reading | Missing:
    own = isinstance(part, Reading) and part.instrument == "own"
    return replace(part, bytes=part.bytes + size) if own and isinstance(part, Reading) else part


def with_still_readings_replaced(
    measurement: Measurement, stage: Stage, sizes: list[int]
) -> Measurement:
    """The judged readings of the last wait of a stage are these."""
    last = measurement.series(stage)[-1]
    changed = dict(zip(last, sizes, strict=True))
    snapshots = tuple(
        replace(one, readings=(reading(changed[one]),)) if one in changed else one
        for one in measurement.snapshots
    )
    return replace(measurement, snapshots=snapshots)


@given(ours=signed, theirs=signed, nobodys=signed)
def test_a_pass_is_one_of_the_device_and_of_all_who_are_on_it(
    ours: int, theirs: int, nobodys: int
) -> None:
    """What the driver counts and lists nobody for is in the device's figure alone."""
    start = 1000 * MIB + TENANT
    end = start + ours + theirs + nobodys
    measured = Serving(baseline=start, after=end, peak=start + 600 * MIB).measurement(phases=ALIVE)
    told = on_shared_device(
        measured,
        own=(1000 * MIB, 1000 * MIB + ours),
        others=(TENANT, TENANT + theirs),
    )
    held_to = limits(min_at_stake_bytes=0)
    judged = judge(told, held_to).reason
    fair = (
        abs(end - start) <= held_to.tolerance_bytes
        and abs(ours) <= held_to.tolerance_bytes
        and abs(theirs) <= held_to.band_bytes
    )
    assert (judged is Reason.RETURNED_TO_BASELINE) == fair
    if ours > held_to.tolerance_bytes:
        assert judged is Reason.LEAK


@pytest.mark.parametrize("place", [0, 1], ids=["at the baseline", "after the faults"])
@pytest.mark.parametrize("instrument", ["own", "others"])
def test_a_share_that_was_told_and_is_lost_is_no_reading(place: int, instrument: str) -> None:
    """Else whoever gives back what the workload keeps would hide it from then on."""
    shares = {"own": [1000 * MIB, 1200 * MIB], "others": [TENANT, TENANT - 200 * MIB]}
    told = on_shared_device(serving(), own=_pair(shares["own"]), others=_pair(shares["others"]))
    wait = (Stage.BASELINE, Stage.AFTER_ERROR)[place]
    newest = told.series(wait)[-1][-1]
    blind = replace(
        newest,
        readings=tuple(
            Missing(device=one.device, instrument=one.instrument, missing="lost")
            if one.instrument == instrument
            else one
            for one in newest.readings
        ),
    )
    snapshots = tuple(blind if one is newest else one for one in told.snapshots)
    assert reason(replace(told, snapshots=snapshots)) is Reason.NO_READING


def _pair(sizes: list[int]) -> tuple[int, int]:
    return sizes[0], sizes[1]


@pytest.mark.parametrize(("place", "stake"), [(0, 10 * MIB), (1, 10 * MIB), (2, 600 * MIB)])
def test_the_stake_is_told_apart_where_the_baseline_ends(place: int, stake: int) -> None:
    """The workload took 10 MiB, the device rose by 600: a gap before the baseline's end is none."""
    told = on_shared_device(serving(), own=(1000 * MIB, 1010 * MIB))
    gap = told.series(Stage.BASELINE)[-1][place]
    blind = replace(
        gap,
        readings=tuple(
            Missing(device=one.device, instrument="own", missing="lost")
            if one.instrument == "own"
            else one
            for one in gap.readings
        ),
    )
    snapshots = tuple(blind if one is gap else one for one in told.snapshots)
    (check,) = judge(replace(told, snapshots=snapshots), limits()).checks
    assert check.at_stake_bytes == stake


def test_a_share_that_goes_up_and_down_is_no_leak() -> None:
    """100 MiB more at the end, and none a moment before: it never held still."""
    course = with_wait(serving(), Stage.AFTER_ERROR, 1000 * MIB, 1100 * MIB, 1000 * MIB, 1100 * MIB)
    assert reason(on_shared_device(course)) is Reason.UNSETTLED
