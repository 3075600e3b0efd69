"""What holds for every measurement, also for those that no trial makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ops002.contract import Ops002Verdict, verdict_from_gpu_memory_leak_delta
from ops002.measurement import Measurement, Phase, Snapshot, Stage
from ops002.reasons import Outcome, Reason, worst
from ops002.verdict.judge import judge
from ops002.verdict.limits import Limits
from tests.builders import MIB, TIB, Exiting, Serving, limits, missing, reading
from tests.strategies import any_limits, measurements, sizes

CAP = 256 * MIB
COURSES = st.sampled_from([Serving(), Serving(repeat=1), Exiting(), Exiting(repeat=1)])

baselines = st.sampled_from([0, TIB, TIB + 1, -1]) | st.integers(0, TIB) | st.integers()
tolerances = st.sampled_from([0, CAP, CAP + 1, -1]) | st.integers(0, CAP) | st.integers()
offsets = st.sampled_from([-1, 0, 1]) | st.integers(-CAP, CAP)


@given(measurements, any_limits)
@settings(max_examples=400)
def test_every_measurement_is_judged(measurement: Measurement, held_to: Limits) -> None:
    judgement = judge(measurement, held_to)
    assert judgement.reason in Reason
    assert judgement.reason is worst(check.reason for check in judgement.checks)
    assert len(judgement.checks) == len(measurement.phases) * len(measurement.devices)
    assert len(judgement.faults) == len(measurement.faults)


@given(baselines, tolerances, st.sampled_from([-1, 1]), offsets, st.sampled_from(Phase))
def test_a_settled_measurement_passes_exactly_where_the_contract_does(
    baseline: int, tolerance: int, sign: int, offset: int, phase: Phase
) -> None:
    post_error = baseline + sign * tolerance + offset
    alive = Serving(baseline=baseline, after=post_error, peak=TIB)
    gone = Exiting(before=baseline, gone=post_error, peak=TIB)
    course = alive if phase is Phase.AFTER_ERROR else gone
    held_to = limits(tolerance_bytes=tolerance, min_at_stake_bytes=0)
    verdict = verdict_from_gpu_memory_leak_delta(baseline, post_error, tolerance)
    passed = judge(course.measurement(), held_to).outcome is Outcome.PASS
    assert passed == (verdict is Ops002Verdict.PASS)


@given(measurements, any_limits)
def test_a_passing_check_has_figures_that_the_contract_passes(
    measurement: Measurement, held_to: Limits
) -> None:
    for check in judge(measurement, held_to).checks:
        if check.outcome is Outcome.PASS:
            assert check.baseline_bytes is not None
            assert check.post_error_bytes is not None
            verdict = verdict_from_gpu_memory_leak_delta(
                check.baseline_bytes, check.post_error_bytes, check.tolerance_bytes
            )
            assert verdict is Ops002Verdict.PASS


def waits(measurement: Measurement) -> list[tuple[Stage, int | None]]:
    """The waits that a judgement rests on, those of faults left out."""
    seen = dict.fromkeys((one.stage, one.fault) for one in measurement.snapshots)
    return [place for place in seen if place[0] is not Stage.FAULT]


def passing_limits(measurement: Measurement) -> Limits:
    held_to = limits(repeat=len(measurement.faults))
    assert judge(measurement, held_to).outcome is Outcome.PASS
    return held_to


@given(COURSES, st.data())
def test_no_pass_without_each_settled_wait(course: Serving | Exiting, data: st.DataObject) -> None:
    measurement = course.measurement()
    place = data.draw(st.sampled_from(waits(measurement)))
    left = tuple(one for one in measurement.snapshots if (one.stage, one.fault) != place)
    judgement = judge(replace(measurement, snapshots=left), passing_limits(measurement))
    assert judgement.outcome is not Outcome.PASS


@given(COURSES, st.data())
def test_no_pass_with_an_unreadable_wait(course: Serving | Exiting, data: st.DataObject) -> None:
    measurement = course.measurement()
    place = data.draw(st.sampled_from(waits(measurement)))
    replaced = tuple(
        replace(one, readings=(missing(),)) if (one.stage, one.fault) == place else one
        for one in measurement.snapshots
    )
    judgement = judge(replace(measurement, snapshots=replaced), passing_limits(measurement))
    assert judgement.reason is Reason.NO_READING


@given(COURSES, st.data(), st.sampled_from(["evidence", "fault"]))
def test_no_pass_without_each_fault_and_its_evidence(
    course: Serving | Exiting, data: st.DataObject, what: str
) -> None:
    measurement = course.measurement()
    index = data.draw(st.integers(0, len(measurement.faults) - 1))
    before, lost, after = (
        measurement.faults[:index],
        measurement.faults[index],
        measurement.faults[index + 1 :],
    )
    kept = (replace(lost, evidence=()),) if what == "evidence" else ()
    judgement = judge(
        replace(measurement, faults=(*before, *kept, *after)), passing_limits(measurement)
    )
    assert judgement.reason is Reason.FAULT_NOT_FIRED


@given(COURSES)
def test_no_pass_without_a_stake(course: Serving | Exiting) -> None:
    measurement = course.measurement()
    flat = tuple(one for one in measurement.snapshots if one.stage is not Stage.FAULT)
    judgement = judge(replace(measurement, snapshots=flat), passing_limits(measurement))
    assert judgement.reason is Reason.NOTHING_AT_STAKE


EDITS: list[Callable[[Snapshot, int], Snapshot]] = [
    lambda one, size: replace(one, readings=(reading(size),)),
    lambda one, size: replace(one, fault=abs(size) % 4),
    lambda one, _size: replace(one, readings=()),
]


@given(COURSES, st.data(), sizes, st.sampled_from(EDITS))
def test_an_edited_pass_passes_only_if_the_contract_still_does(
    course: Serving | Exiting,
    data: st.DataObject,
    size: int,
    edit: Callable[[Snapshot, int], Snapshot],
) -> None:
    measurement = course.measurement()
    held_to = passing_limits(measurement)
    place = data.draw(st.integers(0, len(measurement.snapshots) - 1))
    snapshots = list(measurement.snapshots)
    snapshots[place] = edit(snapshots[place], size)
    judgement = judge(replace(measurement, snapshots=tuple(snapshots)), held_to)
    for check in judgement.checks:
        if check.outcome is Outcome.PASS:
            assert check.delta_bytes is not None
            assert abs(check.delta_bytes) <= held_to.tolerance_bytes
