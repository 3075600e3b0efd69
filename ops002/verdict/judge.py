"""The judgement: a measurement and its limits in, outcome and reason out. Pure and total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops002.measurement import FaultRecord, IncidentKind, JudgedDevice, Measurement, Phase
from ops002.reasons import OUTCOME_OF, Outcome, Reason, worst
from ops002.verdict.expect import unmet
from ops002.verdict.facts import CheckFacts
from ops002.verdict.growth import Growth, worst_growth
from ops002.verdict.limits import Limits
from ops002.verdict.rules import RULES, Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One phase on one device, judged. A figure that was never measured is None, never 0.

    ``own_delta_bytes`` is what the workload's own processes hold more at least, where that is told.
    """

    phase: Phase
    device: str
    instrument: str
    baseline_bytes: int | None
    post_error_bytes: int | None
    delta_bytes: int | None
    own_delta_bytes: int | None
    tolerance_bytes: int
    at_stake_bytes: int | None
    smallest_detectable_bytes: int | None
    outcome: Outcome
    reason: Reason
    settle_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultFinding:
    """Whether one fault fired (if not: what was missing), and the bytes after it, by device."""

    index: int
    fired: bool
    unmet: tuple[str, ...]
    settled_bytes: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The judged trial."""

    outcome: Outcome
    reason: Reason
    checks: tuple[Check, ...]
    faults: tuple[FaultFinding, ...]
    growth: Growth


def judge(measurement: Measurement, limits: Limits) -> Judgement:
    """Judge every due phase on every device; the worst check decides. Never raises."""
    devices = [
        CheckFacts(measurement, device, Phase.AFTER_ERROR, limits) for device in measurement.devices
    ]
    findings = tuple(_finding(record, limits, devices) for record in measurement.faults)
    # A workload that a fired fault took down can't be asked for the rest of its repeats.
    died = any(found.kind is IncidentKind.WORKLOAD_DIED for found in measurement.incidents)
    enough = len(findings) >= (1 if died else max(1, limits.repeat))
    fired = enough and all(finding.fired for finding in findings)
    checks = tuple(
        _check(measurement, limits, device, phase=phase, fired=fired)
        for phase in measurement.phases
        for device in measurement.devices
    )
    reason = worst(check.reason for check in checks)
    return Judgement(
        outcome=OUTCOME_OF[reason],
        reason=reason,
        checks=checks,
        faults=findings,
        growth=_growth(measurement, limits),
    )


def _growth(measurement: Measurement, limits: Limits) -> Growth:
    """The growth of the trial: on the device where it is worst."""
    return worst_growth(
        CheckFacts(measurement, device, phase, limits).growth
        for phase in measurement.phases
        for device in measurement.devices
    )


def _finding(record: FaultRecord, limits: Limits, devices: Sequence[CheckFacts]) -> FaultFinding:
    missing = unmet(limits.expectation, record.evidence)
    settled = {facts.device.device: facts.bytes_after(record.index) for facts in devices}
    return FaultFinding(
        index=record.index,
        fired=not missing,
        unmet=missing,
        settled_bytes={device: size for device, size in settled.items() if size is not None},
    )


def _check(
    measurement: Measurement, limits: Limits, device: JudgedDevice, *, phase: Phase, fired: bool
) -> Check:
    facts = CheckFacts(measurement, device, phase, limits)
    case = Case(facts=facts, limits=limits, fired=fired)
    # No rule holding means figures that contradict each other (settled, within reach of no rule,
    # yet failed by the contract): a defect of the gate, so never green.
    reason = next((reason for reason, holds in RULES if holds(case)), Reason.INTERNAL_ERROR)
    noise = facts.noise.bytes
    return Check(
        phase=phase,
        device=device.device,
        instrument=device.instrument,
        baseline_bytes=facts.baseline_bytes,
        post_error_bytes=facts.post_error_bytes,
        delta_bytes=facts.delta_bytes,
        own_delta_bytes=facts.own_retained_bytes,
        tolerance_bytes=limits.tolerance_bytes,
        at_stake_bytes=facts.at_stake_bytes,
        smallest_detectable_bytes=None if noise is None else limits.tolerance_bytes + noise + 1,
        outcome=OUTCOME_OF[reason],
        reason=reason,
        settle_seconds=facts.settle_seconds,
    )
