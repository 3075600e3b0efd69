"""Where two rules hold, the earlier one gives the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest

from ops002.measurement import (
    FaultRecord,
    IncidentKind,
    Measurement,
    Phase,
    Snapshot,
    Stage,
)
from ops002.reasons import Reason
from ops002.verdict import rules
from ops002.verdict.facts import CheckFacts
from ops002.verdict.judge import judge
from ops002.verdict.limits import Limits
from tests.builders import (
    CPU,
    GIB,
    MIB,
    TIB,
    Exiting,
    Serving,
    incident,
    limits,
    missing,
    process,
    reading,
    snapshot,
)

Case = tuple[Measurement, Limits]
Cause = Callable[[Case], Case]
Replace = Callable[[Snapshot], Snapshot]


def incidents(kind: IncidentKind) -> Cause:
    def cause(case: Case) -> Case:
        measurement, held_to = case
        return replace(measurement, incidents=(*measurement.incidents, incident(kind))), held_to

    return cause


def limited(**changes: int) -> Cause:
    # `replace` takes each key with its own type; here all of them are numbers.
    return lambda case: (case[0], replace(case[1], **changes))  # type: ignore[arg-type]


def each_snapshot(change: Replace) -> Cause:
    def cause(case: Case) -> Case:
        measurement, held_to = case
        return replace(measurement, snapshots=tuple(map(change, measurement.snapshots))), held_to

    return cause


def set_bytes(stage: Stage, fault: int | None, size: int) -> Cause:
    def change(one: Snapshot) -> Snapshot:
        here = one.stage is stage and one.fault == fault
        return replace(one, readings=(reading(size),)) if here else one

    return each_snapshot(change)


def unreadable(stage: Stage) -> Cause:
    """The wait after the first fault is missing; the last one is as it was."""

    def change(one: Snapshot) -> Snapshot:
        here = one.stage is stage and one.fault == 0
        return replace(one, readings=(missing(),)) if here else one

    return each_snapshot(change)


def moving(stage: Stage) -> Cause:
    def cause(case: Case) -> Case:
        measurement, held_to = case
        waits = iter([reading(size) for size in (0, 0, 5 * MIB)])

        def change(one: Snapshot) -> Snapshot:
            if one.stage is not stage:
                return one
            (was,) = one.readings
            base = getattr(was, "bytes", 0)
            return replace(one, readings=(reading(base + next(waits).bytes),))

        changed = tuple(map(change, measurement.snapshots))
        return replace(measurement, snapshots=changed), held_to

    return cause


def implausible(case: Case) -> Case:
    measurement, held_to = case
    wrong = snapshot(Stage.WARM_UP, reading(TIB + 1))
    return replace(measurement, snapshots=(wrong, *measurement.snapshots)), held_to


def no_evidence(case: Case) -> Case:
    measurement, held_to = case
    bare = tuple(FaultRecord(index=one.index, evidence=()) for one in measurement.faults)
    return replace(measurement, faults=bare), held_to


def survivors(case: Case) -> Case:
    return replace(case[0], survivors=(process(),)), case[1]


COMMON: dict[Reason, Cause] = {
    Reason.INTERRUPTED: incidents(IncidentKind.INTERRUPTED),
    Reason.INTERNAL_ERROR: incidents(IncidentKind.INTERNAL_ERROR),
    Reason.TOLERANCE_ABOVE_CAP: limited(tolerance_bytes=256 * MIB + 1),
    Reason.WORKLOAD_FAILED: incidents(IncidentKind.WORKLOAD_FAILED),
    Reason.IMPLAUSIBLE_READING: implausible,
    Reason.FAULT_TIMEOUT: incidents(IncidentKind.FAULT_TIMEOUT),
    Reason.FAULT_NOT_FIRED: no_evidence,
    Reason.NOTHING_AT_STAKE: limited(min_at_stake_bytes=TIB),
}
ALIVE: dict[Reason, Cause] = {
    **COMMON,
    Reason.NO_READING: unreadable(Stage.AFTER_ERROR),
    Reason.WORKLOAD_RESTARTED: incidents(IncidentKind.WORKLOAD_RESTARTED),
    Reason.WORKLOAD_DIED: incidents(IncidentKind.WORKLOAD_DIED),
    Reason.LEAK: set_bytes(Stage.AFTER_ERROR, 1, 2 * GIB),
    Reason.WORKING_SET_LOST: set_bytes(Stage.AFTER_ERROR, 1, 0),
    Reason.UNSETTLED: moving(Stage.BASELINE),
}
GONE: dict[Reason, Cause] = {
    **COMMON,
    Reason.NO_READING: unreadable(Stage.AFTER_EXIT),
    Reason.FOREIGN_ACTIVITY: set_bytes(Stage.AFTER_EXIT, 1, 0),
    Reason.SURVIVORS: survivors,
    Reason.LEAK: set_bytes(Stage.AFTER_EXIT, 1, 2 * GIB),
    Reason.UNSETTLED: moving(Stage.BEFORE_START),
}

# Memory can't be above and below its baseline at once.
EXCLUSIVE = [
    {Reason.LEAK, Reason.WORKING_SET_LOST},
    {Reason.LEAK, Reason.FOREIGN_ACTIVITY},
]

PAIRS = [
    pytest.param(phase, earlier, later, id=f"{phase.value}: {earlier.value} before {later.value}")
    for phase, causes in ((Phase.AFTER_ERROR, ALIVE), (Phase.AFTER_EXIT, GONE))
    for earlier, later in combinations([reason for reason in Reason if reason in causes], 2)
    if {earlier, later} not in EXCLUSIVE
]


@pytest.mark.parametrize(("phase", "earlier", "later"), PAIRS)
def test_the_earlier_reason_wins(phase: Phase, earlier: Reason, later: Reason) -> None:
    alive = phase is Phase.AFTER_ERROR
    passing = Serving().measurement() if alive else Exiting(before=GIB, gone=GIB).measurement()
    causes = ALIVE if alive else GONE
    # The stake is waived unless it is what the pair is about: below baseline it would be gone.
    case: Case = (passing, limits(min_at_stake_bytes=0))
    for reason in (later, earlier):
        case = causes[reason](case)
    (check, *_) = judge(*case).checks
    assert (check.phase, check.reason) == (phase, earlier)


@pytest.mark.parametrize("phase", Phase)
def test_each_cause_alone_gives_its_own_reason(phase: Phase) -> None:
    """Else the pairs would prove nothing."""
    alive = phase is Phase.AFTER_ERROR
    passing = Serving().measurement() if alive else Exiting(before=GIB, gone=GIB).measurement()
    for reason, cause in (ALIVE if alive else GONE).items():
        (check, *_) = judge(*cause((passing, limits(min_at_stake_bytes=0)))).checks
        assert check.reason is reason


def last_rule_holds(measurement: Measurement) -> bool:
    """Whether the rule that passes would, had every rule before it let the measurement through."""
    reason, holds = rules.RULES[-1]
    assert reason is Reason.RETURNED_TO_BASELINE
    facts = CheckFacts(measurement, CPU, Phase.AFTER_ERROR, limits())
    return holds(rules.Case(facts=facts, limits=limits(), fired=True))


def test_the_rule_that_passes_is_the_contracts() -> None:
    assert last_rule_holds(Serving(after=1064 * MIB).measurement())
    assert not last_rule_holds(Serving(after=1064 * MIB + 1).measurement())


@pytest.mark.parametrize("stage", [Stage.BASELINE, Stage.AFTER_ERROR])
def test_the_rule_that_passes_needs_both_readings(stage: Stage) -> None:
    measurement = Serving().measurement()
    left = tuple(one for one in measurement.snapshots if one.stage is not stage)
    assert not last_rule_holds(replace(measurement, snapshots=left))


def test_where_no_rule_holds_the_gate_is_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """No figures lead there. If a change of the rules ever did, it would not be green."""
    monkeypatch.setattr("ops002.verdict.judge.RULES", ())
    judgement = judge(Serving().measurement(), limits())
    assert judgement.reason is Reason.INTERNAL_ERROR
