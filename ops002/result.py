"""The one value that every report and the exit code derive from; pure.

`GateResult` has exactly the shape of ``ops002-report.json``. All that is derived in it is built by
`gate_result` from what was measured, so that a report can be built again and compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ops002.attempts import is_complete, last_attempts
from ops002.attribution import name_holders
from ops002.config.resolved import Config, Scenario
from ops002.holders import Holder
from ops002.measurement import (
    Evidence,
    Incident,
    IncidentKind,
    MeasuredTrial,
    Measurement,
    Reading,
    Stage,
)
from ops002.reasons import OUTCOME_OF, Outcome, Reason, worst
from ops002.verdict.growth import Growth
from ops002.verdict.judge import Check, judge
from ops002.verdict.swept import SweepFigures, figures_of

CONTRACT: Final = "FALSIFY-OPS-002"
SCHEMA_VERSION: Final = 1

EXIT_PASS: Final = 0
EXIT_FAIL: Final = 1
EXIT_USAGE: Final = 2
EXIT_INCONCLUSIVE: Final = 3
EXIT_BUG: Final = 70
_EXIT_ON_SIGNAL: Final = {1: 129, 2: 130, 3: 131, 15: 143}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What made the report."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A measured device; ``uuid`` is None where the device has none."""

    id: str
    name: str
    uuid: str | None
    total_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GitFacts:
    """Which commit was tested, and which one the result is attached to; None where unknown.

    ``base_sha`` is what its changes are made to. ``config_ref`` is where the gate's files were
    taken from, None if they are the checkout's own. ``gate_changes`` are those of the gate's files
    that a pull request changes; None where that isn't known.
    """

    repository: str | None
    tested_sha: str | None
    head_sha: str | None
    base_sha: str | None
    ref: str | None
    run_url: str | None
    config_ref: str | None
    gate_changes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFacts:
    """Where the measurement was made. ``driver`` is None where no GPU driver was used."""

    host: str
    os: str
    python: str
    driver: str | None
    devices: tuple[Device, ...]
    git: GitFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """By what, where and when (UTC, RFC 3339) a run was made."""

    tool: Tool
    started_at: str
    finished_at: str
    environment: EnvironmentFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultResult:
    """One forced fault: whether it fired, what was missing if not, and the evidence."""

    index: int
    fired: bool
    unmet: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    settled_bytes: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """The healthy inferences that were measured like the faults, and their settled bytes."""

    inferences: int
    settled_bytes: dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """One judged trial."""

    scenario: str
    kind: str
    fault: str
    outcome: Outcome
    reason: Reason
    attempt: int
    checks: tuple[Check, ...]
    faults: tuple[FaultResult, ...]
    control: Control
    growth: Growth
    sweep: SweepFigures | None
    holders: tuple[Holder, ...]
    measurement: Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """The judged run. ``digest`` is over the document without it."""

    schema_version: Literal[1]
    contract: Literal["FALSIFY-OPS-002"]
    tool: Tool
    digest: str
    outcome: Outcome
    reason: Reason
    exit_code: int
    started_at: str
    finished_at: str
    environment: EnvironmentFacts
    parameters: dict[str, Any]
    incidents: tuple[Incident, ...]
    trials: tuple[TrialResult, ...]


def gate_result(
    config: Config,
    parameters: dict[str, Any],
    measured: Sequence[MeasuredTrial],
    incidents: Sequence[Incident],
    made: Made,
) -> GateResult:
    """Judge a run. ``incidents`` are those of the gate itself, outside of any trial."""
    trials = tuple(_trial_result(config.scenarios[one.scenario], one) for one in measured)
    last = last_attempts(measured)
    counted = [
        trial.reason
        for one, trial in zip(measured, trials, strict=True)
        if one.attempt == last[one.scenario]
    ]
    reason = worst([*counted, *_own_reasons(config, measured, incidents)])
    ended = [*incidents, *(found for trial in trials for found in trial.measurement.incidents)]
    return GateResult(
        schema_version=SCHEMA_VERSION,
        contract=CONTRACT,
        tool=made.tool,
        digest="",
        outcome=OUTCOME_OF[reason],
        reason=reason,
        exit_code=exit_code(reason, ended),
        started_at=made.started_at,
        finished_at=made.finished_at,
        environment=made.environment,
        parameters=parameters,
        incidents=tuple(incidents),
        trials=trials,
    )


def counted_trials(result: GateResult) -> tuple[TrialResult, ...]:
    """The trials of each scenario's last attempt: those before it were inconclusive."""
    last = {trial.scenario: trial.attempt for trial in result.trials}
    return tuple(trial for trial in result.trials if trial.attempt == last[trial.scenario])


def deciding_trial(result: GateResult) -> TrialResult | None:
    """The trial that the result's reason comes from; None if it is of the run itself."""
    ordered = (*counted_trials(result), *result.trials)
    return next((trial for trial in ordered if trial.reason is result.reason), None)


def exit_code(reason: Reason, incidents: Sequence[Incident]) -> int:
    """The exit code of a reason; an interruption's depends on the signal that made it."""
    if reason is Reason.INTERRUPTED:
        signals = [incident.signal for incident in incidents if incident.signal is not None]
        return _EXIT_ON_SIGNAL.get(signals[0], EXIT_INCONCLUSIVE) if signals else EXIT_INCONCLUSIVE
    if reason is Reason.INTERNAL_ERROR:
        return EXIT_BUG
    return {
        Outcome.PASS: EXIT_PASS,
        Outcome.FAIL: EXIT_FAIL,
        Outcome.INCONCLUSIVE: EXIT_INCONCLUSIVE,
    }[OUTCOME_OF[reason]]


def _own_reasons(
    config: Config, measured: Sequence[MeasuredTrial], incidents: Sequence[Incident]
) -> list[Reason]:
    last = last_attempts(measured)
    anywhere = {incident.kind for incident in incidents}
    counted = set(anywhere)
    for one in measured:
        kinds = {incident.kind for incident in one.measurement.incidents}
        anywhere |= kinds
        if one.attempt == last[one.scenario]:
            counted |= kinds
    ended = [
        reason
        for kind, reason, found in (
            (IncidentKind.INTERRUPTED, Reason.INTERRUPTED, anywhere),
            (IncidentKind.INTERNAL_ERROR, Reason.INTERNAL_ERROR, anywhere),
            # What an earlier attempt couldn't read, the last one could.
            (IncidentKind.NO_READING, Reason.NO_READING, counted),
        )
        if kind in found
    ]
    # Without its trials a fault was not tested, and only an inconclusive attempt is repeated: a run
    # that is otherwise can't be better than a defect.
    return ended or ([] if is_complete(config, measured) else [Reason.INTERNAL_ERROR])


def _trial_result(scenario: Scenario, measured: MeasuredTrial) -> TrialResult:
    fault = scenario.faults[measured.fault]
    measurement = measured.measurement
    limits = scenario.limits(fault)
    judgement = judge(measurement, limits)
    faults = tuple(
        FaultResult(
            index=finding.index,
            fired=finding.fired,
            unmet=finding.unmet,
            evidence=record.evidence,
            settled_bytes=finding.settled_bytes,
        )
        for finding, record in zip(judgement.faults, measurement.faults, strict=True)
    )
    return TrialResult(
        scenario=scenario.name,
        kind=scenario.workload.kind,
        fault=fault.kind,
        outcome=judgement.outcome,
        reason=judgement.reason,
        attempt=measured.attempt,
        checks=judgement.checks,
        faults=faults,
        control=_control(measurement),
        growth=judgement.growth,
        sweep=None if measurement.sweep is None else figures_of(measurement.sweep),
        holders=name_holders(measurement, limits),
        measurement=measurement,
    )


def _control(measurement: Measurement) -> Control:
    waits = measurement.series(Stage.CONTROL)
    sizes = {
        judged.device: tuple(
            reading.bytes
            for reading in (wait[-1].reading(judged.device, judged.instrument) for wait in waits)
            if isinstance(reading, Reading)
        )
        for judged in measurement.devices
    }
    return Control(inferences=len(waits), settled_bytes=sizes)
