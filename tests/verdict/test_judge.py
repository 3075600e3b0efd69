"""One row per reason, and the figures of a check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ops002.measurement import IncidentKind, Measurement, Snapshot, Stage
from ops002.reasons import OUTCOME_OF, Outcome, Reason
from ops002.verdict.expect import Expectation, Nature
from ops002.verdict.judge import judge
from ops002.verdict.limits import Limits
from ops002.verdict.rules import RULES
from tests.builders import (
    CPU,
    GIB,
    MIB,
    TIB,
    Exiting,
    Serving,
    gauge,
    incident,
    limits,
    missing,
    on_shared_device,
    process,
    reading,
    snapshot,
    timeline,
    with_wait,
)

CAP = 256 * MIB
INCIDENTS = {kind: (incident(kind),) for kind in IncidentKind}


def unreadable_at_the_end() -> Measurement:
    passing = Serving().measurement()
    last = snapshot(Stage.AFTER_EXIT, missing())
    return replace(passing, snapshots=timeline((*passing.snapshots, last)))


def with_stages(measurement: Measurement, *stages: Stage) -> Measurement:
    """What was read in these stages alone."""
    kept = tuple(one for one in measurement.snapshots if one.stage in stages)
    return replace(measurement, snapshots=kept)


REACHED = {
    Reason.INTERRUPTED: (
        Serving().measurement(incidents=INCIDENTS[IncidentKind.INTERRUPTED]),
        limits(),
    ),
    Reason.INTERNAL_ERROR: (
        Serving().measurement(incidents=INCIDENTS[IncidentKind.INTERNAL_ERROR]),
        limits(),
    ),
    Reason.TOLERANCE_ABOVE_CAP: (Serving().measurement(), limits(tolerance_bytes=CAP + 1)),
    Reason.UNSUPPORTED_DEVICE: (
        Serving().measurement(incidents=INCIDENTS[IncidentKind.UNSUPPORTED_DEVICE]),
        limits(),
    ),
    Reason.DIRTY_DEVICE: (
        Serving().measurement(incidents=INCIDENTS[IncidentKind.DIRTY_DEVICE]),
        limits(),
    ),
    Reason.WORKLOAD_FAILED: (
        Serving().measurement(incidents=INCIDENTS[IncidentKind.WORKLOAD_FAILED]),
        limits(),
    ),
    Reason.NO_READING: (unreadable_at_the_end(), limits()),
    Reason.IMPLAUSIBLE_READING: (
        Serving(baseline=TIB + 1, after=TIB + 1).measurement(),
        limits(),
    ),
    Reason.FOREIGN_ACTIVITY: (Exiting(before=GIB, gone=GIB - 65 * MIB).measurement(), limits()),
    Reason.WORKLOAD_RESTARTED: (
        Serving().measurement(incidents=INCIDENTS[IncidentKind.WORKLOAD_RESTARTED]),
        limits(),
    ),
    Reason.FAULT_TIMEOUT: (
        Serving().measurement(incidents=INCIDENTS[IncidentKind.FAULT_TIMEOUT]),
        limits(),
    ),
    Reason.FAULT_NOT_FIRED: (Serving(evidence=()).measurement(), limits()),
    Reason.DEVICE_NOT_USED: (on_shared_device(Serving().measurement(), own=(0, 0)), limits()),
    Reason.WORKLOAD_DIED: (
        Serving().measurement(incidents=INCIDENTS[IncidentKind.WORKLOAD_DIED]),
        limits(),
    ),
    Reason.SURVIVORS: (Serving().measurement(survivors=(process(),)), limits()),
    Reason.UNSTEADY_CONTROL: (
        Serving(controls=(900 * MIB, 950 * MIB)).measurement(),
        limits(),
    ),
    Reason.CACHE_OR_LEAK: (Serving(after=1200 * MIB).measurement(), limits(may_cache=True)),
    Reason.GAUGE_NOT_RESTORED: (
        Serving().measurement(gauge=gauge(baseline=0.1, after=0.2)),
        limits(gauge_within=0.0),
    ),
    Reason.HELD_UNTIL_GC: (
        Serving(after=1200 * MIB, collected=1064 * MIB).measurement(),
        limits(),
    ),
    Reason.NOT_SERVING: (
        Serving().measurement(incidents=INCIDENTS[IncidentKind.NOT_SERVING]),
        limits(),
    ),
    Reason.LEAK: (Serving(after=1064 * MIB + 1).measurement(), limits()),
    Reason.WORKING_SET_LOST: (Serving(after=936 * MIB - 1).measurement(), limits()),
    Reason.UNSETTLED: (
        with_wait(Serving().measurement(), Stage.AFTER_ERROR, 1000 * MIB, 1005 * MIB, 1000 * MIB),
        limits(),
    ),
    Reason.GROWTH_PER_ERROR: (
        Serving(controls=(1000 * MIB,), repeat=6, each_adds=10 * MIB).measurement(),
        limits(repeat=6),
    ),
    Reason.NOTHING_AT_STAKE: (Serving(peak=1064 * MIB).measurement(), limits()),
    Reason.RETURNED_TO_BASELINE: (Serving().measurement(), limits()),
}


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: str(reason.value))
def test_every_reason_is_reached(reason: Reason) -> None:
    measurement, held_to = REACHED[reason]
    judgement = judge(measurement, held_to)
    assert (judgement.reason, judgement.outcome) == (reason, OUTCOME_OF[reason])


def test_the_order_of_the_rules_is_the_order_of_the_reasons() -> None:
    assert [reason for reason, _ in RULES] == list(Reason)


def test_every_device_is_checked_in_every_phase() -> None:
    other = replace(CPU, device="cuda:0")
    judgement = judge(Serving().measurement(devices=(CPU, other)), limits())
    assert len(judgement.checks) == 4
    assert judgement.outcome is not Outcome.PASS


def test_a_tolerance_at_the_cap_is_allowed() -> None:
    measurement = Serving(after=1000 * MIB + CAP).measurement()
    held_to = limits(tolerance_bytes=CAP, min_at_stake_bytes=CAP)
    assert judge(measurement, held_to).outcome is Outcome.PASS


def test_a_stake_of_exactly_the_least_is_not_enough() -> None:
    """More than ``min_at_stake`` must have been at stake."""
    assert judge(Serving(peak=1064 * MIB).measurement(), limits()).outcome is Outcome.INCONCLUSIVE
    assert judge(Serving(peak=1064 * MIB + 1).measurement(), limits()).outcome is Outcome.PASS


def test_the_stake_can_be_waived() -> None:
    held_to = limits(min_at_stake_bytes=0)
    assert judge(Serving(peak=0).measurement(), held_to).outcome is Outcome.PASS


def test_only_a_least_stake_of_zero_waives_it() -> None:
    nothing = with_stages(Serving().measurement(), Stage.BASELINE, Stage.AFTER_ERROR)
    (alive, _) = judge(nothing, limits(min_at_stake_bytes=0)).checks
    assert alive.reason is Reason.RETURNED_TO_BASELINE
    (alive, _) = judge(nothing, limits(min_at_stake_bytes=-1)).checks
    assert alive.reason is Reason.NOTHING_AT_STAKE


def test_a_leak_that_never_holds_still_is_a_leak_if_it_stays_above() -> None:
    above = (1100 * MIB, 1300 * MIB, 1200 * MIB)
    measurement = with_wait(Serving().measurement(), Stage.AFTER_ERROR, *above)
    assert judge(measurement, limits()).reason is Reason.LEAK


def test_a_loss_that_never_holds_still_is_a_loss_only_if_it_stays_below() -> None:
    held_to = limits()
    below = with_wait(Serving().measurement(), Stage.AFTER_ERROR, 900 * MIB, 700 * MIB, 800 * MIB)
    assert judge(below, held_to).reason is Reason.WORKING_SET_LOST
    in_and_out = with_wait(
        Serving().measurement(), Stage.AFTER_ERROR, 900 * MIB, 700 * MIB, 940 * MIB
    )
    assert judge(in_and_out, held_to).reason is Reason.UNSETTLED


@pytest.mark.parametrize("size", [-1, TIB + 1])
def test_one_reading_that_no_device_can_have_spoils_all(size: int) -> None:
    measurement = Serving().measurement()
    wrong = (*measurement.snapshots, snapshot(Stage.WARM_UP, reading(size)))
    judgement = judge(replace(measurement, snapshots=wrong), limits())
    assert {check.reason for check in judgement.checks} == {Reason.IMPLAUSIBLE_READING}


def test_a_control_that_moves_by_no_more_than_the_tolerance_is_steady() -> None:
    measurement = Serving(controls=(936 * MIB, 970 * MIB)).measurement()
    assert judge(measurement, limits()).outcome is Outcome.PASS


def test_a_control_that_cant_be_read_is_no_reading() -> None:
    measurement = Serving(controls=(1000 * MIB,)).measurement()
    unread = tuple(
        replace(one, readings=(missing(),)) if one.stage is Stage.CONTROL else one
        for one in measurement.snapshots
    )
    assert judge(replace(measurement, snapshots=unread), limits()).reason is Reason.NO_READING


def test_what_the_collector_frees_altogether_was_held_until_then() -> None:
    measurement = Serving(after=1200 * MIB, collected=1000 * MIB).measurement()
    assert judge(measurement, limits()).reason is Reason.HELD_UNTIL_GC


def test_a_collector_that_frees_more_than_was_retained_explains_nothing() -> None:
    measurement = Serving(after=1200 * MIB, collected=936 * MIB - 1).measurement()
    assert judge(measurement, limits()).reason is Reason.LEAK


def test_what_the_collector_only_lessens_is_a_leak() -> None:
    measurement = Serving(after=1200 * MIB, collected=1065 * MIB).measurement()
    assert judge(measurement, limits()).reason is Reason.LEAK


def test_what_comes_back_with_the_collector_can_be_accepted() -> None:
    accept = limits(accept_held_until_gc=True)
    judgement = judge(Serving(after=1200 * MIB, collected=1000 * MIB).measurement(), accept)
    assert judgement.outcome is Outcome.PASS
    assert judgement.checks[0].post_error_bytes == 1000 * MIB


def test_accepting_the_collector_accepts_no_leak() -> None:
    accept = limits(accept_held_until_gc=True)
    assert judge(Serving(after=1200 * MIB).measurement(), accept).reason is Reason.LEAK
    kept = Serving(after=1200 * MIB, collected=1100 * MIB).measurement()
    assert judge(kept, accept).reason is Reason.LEAK


def test_serving_again_is_a_matter_of_the_workload_alive() -> None:
    mute = Serving().measurement(incidents=INCIDENTS[IncidentKind.NOT_SERVING])
    alive, gone = judge(mute, limits()).checks
    assert (alive.reason, gone.reason) == (Reason.NOT_SERVING, Reason.RETURNED_TO_BASELINE)


def test_memory_that_moves_in_and_out_of_the_tolerance_is_unsettled() -> None:
    both = (1100 * MIB, 1300 * MIB, 1060 * MIB)
    measurement = with_wait(Serving().measurement(), Stage.AFTER_ERROR, *both)
    assert judge(measurement, limits()).reason is Reason.UNSETTLED


def test_below_the_warm_baseline_is_lost_alive_and_foreign_after_the_exit() -> None:
    alive, gone = judge(Serving(before=GIB, after=0, gone=0).measurement(), limits()).checks
    assert (alive.reason, gone.reason) == (Reason.WORKING_SET_LOST, Reason.FOREIGN_ACTIVITY)


def test_a_workload_may_die_of_its_fault_where_it_is_to_exit() -> None:
    died = INCIDENTS[IncidentKind.WORKLOAD_DIED]
    assert judge(Exiting().measurement(incidents=died), limits()).outcome is Outcome.PASS


def test_dying_of_the_first_error_is_dying_though_repeats_are_left() -> None:
    """The first fault fired and took the workload down: that is a finding, not a lack of one."""
    measurement = Serving(repeat=1).measurement(incidents=INCIDENTS[IncidentKind.WORKLOAD_DIED])
    assert judge(measurement, limits(repeat=5)).reason is Reason.WORKLOAD_DIED


def test_dying_without_the_expected_error_is_not_firing() -> None:
    measurement = Serving(repeat=1, evidence=()).measurement(
        incidents=INCIDENTS[IncidentKind.WORKLOAD_DIED]
    )
    assert judge(measurement, limits(repeat=5)).reason is Reason.FAULT_NOT_FIRED


def test_dying_without_any_fault_is_not_firing() -> None:
    died = INCIDENTS[IncidentKind.WORKLOAD_DIED]
    measurement = Serving().measurement(faults=(), incidents=died)
    assert judge(measurement, limits()).reason is Reason.FAULT_NOT_FIRED


@pytest.mark.parametrize("kind", [IncidentKind.NOT_SERVING, IncidentKind.WORKLOAD_RESTARTED])
def test_only_dying_excuses_from_the_rest_of_the_faults(kind: IncidentKind) -> None:
    measurement = Serving(repeat=1).measurement(incidents=INCIDENTS[kind])
    (_, gone) = judge(measurement, limits(repeat=5)).checks
    assert gone.reason is Reason.FAULT_NOT_FIRED


def test_fewer_faults_than_asked_for_is_not_fired() -> None:
    assert judge(Serving(repeat=1).measurement(), limits()).reason is Reason.FAULT_NOT_FIRED


@pytest.mark.parametrize("course", [Serving(), Exiting()])
def test_zero_faults_never_pass_even_if_none_are_asked_for(course: Serving | Exiting) -> None:
    measurement = course.measurement(faults=())
    assert judge(measurement, limits(repeat=0)).outcome is not Outcome.PASS


def test_nothing_measured_and_nothing_due_is_red() -> None:
    empty = Measurement(phases=(), devices=(), snapshots=())
    judgement = judge(empty, limits())
    assert (judgement.reason, judgement.checks) == (Reason.INTERNAL_ERROR, ())


def test_an_expectation_of_the_scenario_is_held_against_each_fault() -> None:
    expected = Expectation(nature=Nature.OUT_OF_MEMORY, match="no such words")
    held_to: Limits = limits(expectation=expected)
    assert judge(Serving().measurement(), held_to).reason is Reason.FAULT_NOT_FIRED


class Counted(tuple[Snapshot, ...]):  # noqa: SLOT001 (a tuple has no room for one)
    """Snapshots that know how often one of them was looked at."""

    looked: int = 0

    def __iter__(self) -> Iterator[Snapshot]:
        for one in super().__iter__():
            self.looked += 1
            yield one


def test_the_snapshots_are_gone_through_as_often_however_many_faults_there_are() -> None:
    def times(repeat: int) -> float:
        snapshots = Counted(Serving(repeat=repeat).measurement().snapshots)
        judge(Serving(repeat=repeat).measurement(snapshots=snapshots), limits(repeat=repeat))
        return snapshots.looked / len(snapshots)

    assert times(100) == times(10)


def test_a_trial_that_couldnt_see_its_processes_is_no_reading() -> None:
    blind = Serving().measurement(incidents=INCIDENTS[IncidentKind.NO_READING])
    assert judge(blind, limits()).reason is Reason.NO_READING
