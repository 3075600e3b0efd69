"""The judgement: a measurement and its limits in, outcome and reason out. Pure and total.

The order of `Reason` and `RULES` is the order of precedence: within a check the first rule that
holds gives the reason. Nothing here reads a clock, a file or a device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from ops002.contract import (
    AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES,
    AC_OPS_002_MAX_TOLERANCE_BYTES,
    Ops002Verdict,
    verdict_from_gpu_memory_leak_delta,
)
from ops002.expect import unmet
from ops002.facts import CheckFacts
from ops002.gauge import GaugeFacts
from ops002.growth import Growth, worst_growth
from ops002.limits import Limits
from ops002.measurement import FaultRecord, IncidentKind, JudgedDevice, Measurement, Phase
from ops002.reasons import OUTCOME_OF, Outcome, Reason, worst


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """All that a rule may look at."""

    facts: CheckFacts
    limits: Limits
    fired: bool

    def had(self, kind: IncidentKind) -> bool:
        return any(incident.kind is kind for incident in self.facts.measurement.incidents)

    def above_throughout(self) -> bool:
        """Retained by more than the tolerance, settled or not."""
        bounds = self.facts.delta_bounds()
        return bounds is not None and bounds[0] > self.limits.tolerance_bytes

    def below_throughout(self) -> bool:
        """Below the baseline by more than the tolerance, settled or not."""
        bounds = self.facts.delta_bounds()
        return bounds is not None and bounds[1] < -self.limits.tolerance_bytes

    def unsteady_control(self) -> bool:
        """Healthy inferences alone moved memory by more than the tolerance."""
        return self.facts.noise.control_spread_bytes > self.limits.tolerance_bytes

    def cache_or_leak(self) -> bool:
        """Retained, and the later faults added nothing: what nobody can ask may be a cache.

        Unless its own gauge says that something is still in use.
        """
        retained = self.above_throughout() or self.own_retained()
        may = self.limits.may_cache and not self.gauge.lost and not self.facts.growth.found
        return retained and may and self.facts.later_faults_add_nothing()

    @property
    def gauge(self) -> GaugeFacts:
        """What the engine's own gauge shows."""
        return GaugeFacts(self.facts.measurement, self.limits.gauge_within)

    def unreadable(self) -> bool:
        """Whether a reading that the check rests on is missing."""
        alive = self.facts.phase is Phase.AFTER_ERROR
        return self.facts.unreadable() or (alive and self.gauge.unreadable)

    def held_until_gc(self) -> bool:
        """Retained, and back once Python's collector had run."""
        after = self.facts.collected_delta_bytes()
        return (
            self.above_throughout()
            and after is not None
            and abs(after) <= self.limits.tolerance_bytes
        )

    def own_retained(self) -> bool:
        """The workload's processes hold more than the tolerance more, whatever others gave back."""
        own = self.facts.own_retained_bytes
        return own is not None and own > self.limits.tolerance_bytes

    def working_set_lost(self) -> bool:
        """Less is left than the workload had, though what nobody is listed for took its place."""
        own = self.facts.own_settled_delta_bytes
        return self.below_throughout() or (own is not None and own < -self.limits.tolerance_bytes)

    def others_moved(self) -> bool:
        """Others on the device took or gave back more than the band: the delta isn't ours alone."""
        return bool(self.facts.foreign_moves) and not self.own_retained()

    def disturbed(self) -> bool:
        """Somebody else moved memory: as the driver says, or because more is gone than was ours."""
        gone = self.facts.phase is Phase.AFTER_EXIT and self.below_throughout()
        return gone or self.others_moved()

    def left_survivors(self) -> bool:
        return bool(self.facts.measurement.survivors)

    def contract_holds(self) -> bool:
        baseline, post_error = self.facts.baseline_bytes, self.facts.post_error_bytes
        if baseline is None or post_error is None:
            return False
        verdict = verdict_from_gpu_memory_leak_delta(
            baseline, post_error, self.limits.tolerance_bytes
        )
        return verdict is Ops002Verdict.PASS

    def nothing_at_stake(self) -> bool:
        shown = self.facts.phase is Phase.AFTER_ERROR and self.gauge.rose
        waived = self.limits.min_at_stake_bytes == 0 or shown
        at_stake = self.facts.at_stake_bytes
        return not waived and (at_stake is None or at_stake <= self.limits.min_at_stake_bytes)


def _incident(kind: IncidentKind) -> Callable[[_Case], bool]:
    return lambda case: case.had(kind)


def _implausible(case: _Case) -> bool:
    sizes = case.facts.judged_sizes()
    return any(not 0 <= size <= AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES for size in sizes)


def _in_phase(phase: Phase, holds: Callable[[_Case], bool], case: _Case) -> bool:
    return case.facts.phase is phase and holds(case)


RULES: Final[tuple[tuple[Reason, Callable[[_Case], bool]], ...]] = (
    (Reason.INTERRUPTED, _incident(IncidentKind.INTERRUPTED)),
    (Reason.INTERNAL_ERROR, _incident(IncidentKind.INTERNAL_ERROR)),
    (
        Reason.TOLERANCE_ABOVE_CAP,
        lambda case: case.limits.tolerance_bytes > AC_OPS_002_MAX_TOLERANCE_BYTES,
    ),
    (Reason.UNSUPPORTED_DEVICE, _incident(IncidentKind.UNSUPPORTED_DEVICE)),
    (Reason.DIRTY_DEVICE, _incident(IncidentKind.DIRTY_DEVICE)),
    (Reason.WORKLOAD_FAILED, _incident(IncidentKind.WORKLOAD_FAILED)),
    (
        Reason.NO_READING,
        lambda case: case.had(IncidentKind.NO_READING) or case.unreadable(),
    ),
    (Reason.IMPLAUSIBLE_READING, _implausible),
    (Reason.UNSTEADY_CONTROL, lambda case: case.unsteady_control()),
    (Reason.FOREIGN_ACTIVITY, _Case.disturbed),
    (
        Reason.WORKLOAD_RESTARTED,
        partial(_in_phase, Phase.AFTER_ERROR, _incident(IncidentKind.WORKLOAD_RESTARTED)),
    ),
    (Reason.FAULT_TIMEOUT, _incident(IncidentKind.FAULT_TIMEOUT)),
    (Reason.FAULT_NOT_FIRED, lambda case: not case.fired),
    (Reason.DEVICE_NOT_USED, lambda case: case.facts.shares.never_used()),
    (
        Reason.WORKLOAD_DIED,
        partial(_in_phase, Phase.AFTER_ERROR, _incident(IncidentKind.WORKLOAD_DIED)),
    ),
    (Reason.SURVIVORS, partial(_in_phase, Phase.AFTER_EXIT, _Case.left_survivors)),
    (Reason.CACHE_OR_LEAK, partial(_in_phase, Phase.AFTER_ERROR, _Case.cache_or_leak)),
    (Reason.HELD_UNTIL_GC, partial(_in_phase, Phase.AFTER_ERROR, _Case.held_until_gc)),
    (Reason.LEAK, lambda case: case.above_throughout() or case.own_retained()),
    (Reason.WORKING_SET_LOST, partial(_in_phase, Phase.AFTER_ERROR, _Case.working_set_lost)),
    (Reason.UNSETTLED, lambda case: not case.facts.settled()),
    (
        Reason.NOT_SERVING,
        partial(_in_phase, Phase.AFTER_ERROR, _incident(IncidentKind.NOT_SERVING)),
    ),
    (
        Reason.GAUGE_NOT_RESTORED,
        partial(_in_phase, Phase.AFTER_ERROR, lambda case: case.gauge.lost),
    ),
    (Reason.GROWTH_PER_ERROR, lambda case: case.facts.growth.found),
    (Reason.NOTHING_AT_STAKE, _Case.nothing_at_stake),
    (Reason.RETURNED_TO_BASELINE, _Case.contract_holds),
)


def _check(
    measurement: Measurement, limits: Limits, device: JudgedDevice, *, phase: Phase, fired: bool
) -> Check:
    facts = CheckFacts(measurement, device, phase, limits)
    case = _Case(facts=facts, limits=limits, fired=fired)
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
