"""The rules of the verdict, in their order of precedence; pure and total.

The order of `Reason` and `RULES` is the same: within a check the first rule that holds gives the
reason. Nothing here reads a clock, a file or a device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from ops002.contract import (
    AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES,
    AC_OPS_002_MAX_TOLERANCE_BYTES,
    Ops002Verdict,
    verdict_from_gpu_memory_leak_delta,
)
from ops002.measurement import IncidentKind, Phase
from ops002.points import Sweep
from ops002.reasons import Reason
from ops002.verdict.facts import CheckFacts
from ops002.verdict.gauge import GaugeFacts
from ops002.verdict.limits import Limits
from ops002.verdict.swept import grows, most_held, most_kept, unsteady


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a rule may look at: one check, before it is judged."""

    facts: CheckFacts
    limits: Limits
    fired: bool

    def had(self, kind: IncidentKind) -> bool:
        """Whether something of this kind happened to the trial."""
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
        spread = self.facts.noise.control_spread_bytes
        return spread > self.limits.tolerance_bytes or self.sweep_shows(unsteady)

    def leaked(self) -> bool:
        """Retained by more than the tolerance, as the device or the driver's list shows."""
        return self.above_throughout() or self.own_retained()

    def sweep_shows(self, figure: Callable[[Sweep], int]) -> bool:
        """More than the tolerance was alive after an error of a sweep: the workload's own word."""
        sweep = self._sweep
        return sweep is not None and figure(sweep) > self.limits.tolerance_bytes

    @property
    def _sweep(self) -> Sweep | None:
        """What concerns a workload that is alive: what its sweep saw."""
        alive = self.facts.phase is Phase.AFTER_ERROR
        return self.facts.measurement.sweep if alive else None

    def pointless(self) -> bool:
        """A sweep over an inference that asks for no memory at all: nothing could fail."""
        sweep = self.facts.measurement.sweep
        return sweep is not None and sweep.points == 0 and not sweep.out_of_reach

    def grows(self) -> bool:
        """Every error adds, or every one at some point of a sweep does."""
        swept = self._sweep
        return self.facts.growth.found or (swept is not None and grows(swept))

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
        swept = self.sweep_shows(most_held) and not self.limits.accept_held_until_gc
        if swept and not (self.leaked() or self.sweep_shows(most_kept)):
            return True
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
        """Processes of the workload were alive after its exit."""
        return bool(self.facts.measurement.survivors)

    def contract_holds(self) -> bool:
        """What FALSIFY-OPS-002 says of the two readings."""
        baseline, post_error = self.facts.baseline_bytes, self.facts.post_error_bytes
        if baseline is None or post_error is None:
            return False
        verdict = verdict_from_gpu_memory_leak_delta(
            baseline, post_error, self.limits.tolerance_bytes
        )
        return verdict is Ops002Verdict.PASS

    def nothing_at_stake(self) -> bool:
        """Memory never rose far enough for a leak to show."""
        if self.pointless():
            return True
        shown = self.facts.phase is Phase.AFTER_ERROR and self.gauge.rose
        waived = self.limits.min_at_stake_bytes == 0 or shown
        at_stake = self.facts.at_stake_bytes
        return not waived and (at_stake is None or at_stake <= self.limits.min_at_stake_bytes)


def _incident(kind: IncidentKind) -> Callable[[Case], bool]:
    return lambda case: case.had(kind)


def _implausible(case: Case) -> bool:
    sizes = case.facts.judged_sizes()
    return any(not 0 <= size <= AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES for size in sizes)


def _in_phase(phase: Phase, holds: Callable[[Case], bool], case: Case) -> bool:
    return case.facts.phase is phase and holds(case)


RULES: Final[tuple[tuple[Reason, Callable[[Case], bool]], ...]] = (
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
    (Reason.FOREIGN_ACTIVITY, Case.disturbed),
    (
        Reason.WORKLOAD_RESTARTED,
        partial(_in_phase, Phase.AFTER_ERROR, _incident(IncidentKind.WORKLOAD_RESTARTED)),
    ),
    (Reason.FAULT_TIMEOUT, _incident(IncidentKind.FAULT_TIMEOUT)),
    (Reason.FAULT_NOT_FIRED, lambda case: not case.fired and not case.pointless()),
    (Reason.DEVICE_NOT_USED, lambda case: case.facts.shares.never_used()),
    (
        Reason.WORKLOAD_DIED,
        partial(_in_phase, Phase.AFTER_ERROR, _incident(IncidentKind.WORKLOAD_DIED)),
    ),
    (Reason.SURVIVORS, partial(_in_phase, Phase.AFTER_EXIT, Case.left_survivors)),
    (Reason.CACHE_OR_LEAK, partial(_in_phase, Phase.AFTER_ERROR, Case.cache_or_leak)),
    (Reason.HELD_UNTIL_GC, partial(_in_phase, Phase.AFTER_ERROR, Case.held_until_gc)),
    (Reason.LEAK, lambda case: case.leaked() or case.sweep_shows(most_kept)),
    (Reason.WORKING_SET_LOST, partial(_in_phase, Phase.AFTER_ERROR, Case.working_set_lost)),
    (Reason.UNSETTLED, lambda case: not case.facts.settled()),
    (
        Reason.NOT_SERVING,
        partial(_in_phase, Phase.AFTER_ERROR, _incident(IncidentKind.NOT_SERVING)),
    ),
    (
        Reason.GAUGE_NOT_RESTORED,
        partial(_in_phase, Phase.AFTER_ERROR, lambda case: case.gauge.lost),
    ),
    (Reason.GROWTH_PER_ERROR, Case.grows),
    (Reason.NOTHING_AT_STAKE, Case.nothing_at_stake),
    (Reason.RETURNED_TO_BASELINE, Case.contract_holds),
)
