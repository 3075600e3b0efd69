"""Attempts at a scenario: which of them counts, and whether all that was planned was done; pure."""

from __future__ import annotations

from collections.abc import Sequence

from ops002.config.resolved import Config, Scenario, ends_workload
from ops002.measurement import MeasuredTrial, Phase
from ops002.reasons import OUTCOME_OF, Outcome, Reason, worst
from ops002.verdict.judge import judge


def may_try_again(scenario: Scenario, measured: Sequence[MeasuredTrial]) -> bool:
    """Whether one attempt at a scenario is inconclusive, and another may say more.

    Not if more than the tolerance was kept: a leak that comes by chance would pass the next time.
    """
    judged = [
        judge(one.measurement, scenario.limits(scenario.faults[one.fault])) for one in measured
    ]
    unsure = OUTCOME_OF[worst(one.reason for one in judged)] is Outcome.INCONCLUSIVE
    kept = any(check.reason is Reason.CACHE_OR_LEAK for one in judged for check in one.checks)
    return unsure and not kept


def last_attempts(measured: Sequence[MeasuredTrial]) -> dict[int, int]:
    """The number of the last attempt at each scenario: the one that counts."""
    return {one.scenario: one.attempt for one in sorted(measured, key=lambda one: one.attempt)}


def is_complete(config: Config, measured: Sequence[MeasuredTrial]) -> bool:
    """Whether every scenario was carried out whole, and again only after inconclusive attempts."""
    for number, scenario in enumerate(config.scenarios):
        trials = [one for one in measured if one.scenario == number]
        attempts = sorted({one.attempt for one in trials})
        if attempts != list(range(1, len(attempts) + 1)) or not 1 <= len(attempts) <= (
            1 + config.retry_inconclusive
        ):
            return False
        for attempt in attempts:
            own = [one for one in trials if one.attempt == attempt]
            if [one.fault for one in own] != list(range(len(scenario.faults))):
                return False
            if not all(_has_its_phases(scenario, one) for one in own):
                return False
            again = attempt != attempts[-1]
            if again and not may_try_again(scenario, own):
                return False
    return True


def _has_its_phases(scenario: Scenario, measured: MeasuredTrial) -> bool:
    """Whether the trial was measured in every phase that its fault and its place ask for."""
    phases = set(measured.measurement.phases)
    if ends_workload(scenario.faults[measured.fault]):
        return phases == {Phase.AFTER_EXIT}
    serving = sum(not ends_workload(fault) for fault in scenario.faults)
    last = measured.fault == serving - 1
    return Phase.AFTER_ERROR in phases and (not last or Phase.AFTER_EXIT in phases)
