"""Outcomes and reasons: closed sets, in their order of precedence. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Final


class Outcome(str, Enum):
    """What a check, a trial or a run comes to. Only `PASS` is green."""

    PASS = "pass"  # noqa: S105 (an outcome, not a password)
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Reason(str, Enum):
    """Why: stable codes, in order of precedence."""

    INTERRUPTED = "interrupted"
    INTERNAL_ERROR = "internal-error"
    TOLERANCE_ABOVE_CAP = "tolerance-above-cap"
    UNSUPPORTED_DEVICE = "unsupported-device"
    DIRTY_DEVICE = "dirty-device"
    WORKLOAD_FAILED = "workload-failed"
    NO_READING = "no-reading"
    IMPLAUSIBLE_READING = "implausible-reading"
    UNSTEADY_CONTROL = "unsteady-control"
    FOREIGN_ACTIVITY = "foreign-activity"
    WORKLOAD_RESTARTED = "workload-restarted"
    FAULT_TIMEOUT = "fault-timeout"
    FAULT_NOT_FIRED = "fault-not-fired"
    DEVICE_NOT_USED = "device-not-used"
    WORKLOAD_DIED = "workload-died"
    SURVIVORS = "survivors"
    CACHE_OR_LEAK = "cache-or-leak"
    HELD_UNTIL_GC = "held-until-gc"
    LEAK = "leak"
    WORKING_SET_LOST = "working-set-lost"
    UNSETTLED = "unsettled"
    NOT_SERVING = "not-serving"
    GAUGE_NOT_RESTORED = "gauge-not-restored"
    GROWTH_PER_ERROR = "growth-per-error"
    NOTHING_AT_STAKE = "nothing-at-stake"
    RETURNED_TO_BASELINE = "returned-to-baseline"


OUTCOME_OF: Final = {
    Reason.INTERRUPTED: Outcome.INCONCLUSIVE,
    Reason.INTERNAL_ERROR: Outcome.INCONCLUSIVE,
    Reason.TOLERANCE_ABOVE_CAP: Outcome.FAIL,
    Reason.UNSUPPORTED_DEVICE: Outcome.INCONCLUSIVE,
    Reason.DIRTY_DEVICE: Outcome.INCONCLUSIVE,
    Reason.WORKLOAD_FAILED: Outcome.INCONCLUSIVE,
    Reason.NO_READING: Outcome.INCONCLUSIVE,
    Reason.IMPLAUSIBLE_READING: Outcome.FAIL,
    Reason.UNSTEADY_CONTROL: Outcome.INCONCLUSIVE,
    Reason.FOREIGN_ACTIVITY: Outcome.INCONCLUSIVE,
    Reason.WORKLOAD_RESTARTED: Outcome.INCONCLUSIVE,
    Reason.FAULT_TIMEOUT: Outcome.INCONCLUSIVE,
    Reason.FAULT_NOT_FIRED: Outcome.INCONCLUSIVE,
    Reason.DEVICE_NOT_USED: Outcome.INCONCLUSIVE,
    Reason.WORKLOAD_DIED: Outcome.FAIL,
    Reason.SURVIVORS: Outcome.FAIL,
    Reason.CACHE_OR_LEAK: Outcome.INCONCLUSIVE,
    Reason.HELD_UNTIL_GC: Outcome.FAIL,
    Reason.LEAK: Outcome.FAIL,
    Reason.WORKING_SET_LOST: Outcome.FAIL,
    Reason.UNSETTLED: Outcome.INCONCLUSIVE,
    Reason.NOT_SERVING: Outcome.FAIL,
    Reason.GAUGE_NOT_RESTORED: Outcome.FAIL,
    Reason.GROWTH_PER_ERROR: Outcome.FAIL,
    Reason.NOTHING_AT_STAKE: Outcome.INCONCLUSIVE,
    Reason.RETURNED_TO_BASELINE: Outcome.PASS,
}

_SEVERITY: Final = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)
_PRECEDENCE: Final = tuple(Reason)


def worst(reasons: Iterable[Reason]) -> Reason:
    """The reason that decides among several.

    `fail` over `inconclusive` over `pass`, then the order of `Reason`. Nothing judged at all is a
    defect of the gate, never a pass.
    """
    return min(
        reasons,
        key=lambda reason: (_SEVERITY.index(OUTCOME_OF[reason]), _PRECEDENCE.index(reason)),
        default=Reason.INTERNAL_ERROR,
    )
