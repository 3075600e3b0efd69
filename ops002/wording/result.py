"""What happened, how much, what to do: the sentences that every report uses; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ops002.holders import HolderKind
from ops002.measurement import Evidence, Missing, Phase, Seen
from ops002.reasons import OUTCOME_OF, Outcome, Reason
from ops002.result import GateResult, GitFacts, TrialResult, deciding_trial
from ops002.units import show_delta, show_size
from ops002.verdict.gauge import GaugeFacts
from ops002.verdict.growth import Growth
from ops002.verdict.judge import Check
from ops002.wording import sweep
from ops002.wording.advice import ADVICE
from ops002.wording.holders import advice_on, sentence

_FAULT_WORDS: Final = {
    "oom": "out-of-memory error",
    "oom-sweep": "sweep of out-of-memory errors",
    "call": "failing call",
    "exit": "failing exit",
    "exception": "injected exception",
    "kill": "kill",
    "request": "failing request",
    "disconnect": "dropped request",
}

_EXPLAINED: Final = frozenset({Reason.LEAK, Reason.GROWTH_PER_ERROR})
"""Where the advice on who holds the memory says more than that on the reason."""
_SHOWN: Final = frozenset(
    {Seen.EXCEPTION, Seen.MESSAGE, Seen.STATUS, Seen.BODY, Seen.OTHER_BODY, Seen.NO_ANSWER}
)


def gate_remark(git: GitFacts) -> str | None:
    """What whoever reviews a pull request should know of its gate, if there is anything."""
    if not git.gate_changes:
        return None
    return (
        f"This pull request changes its own gate: {', '.join(git.gate_changes)}. Review that "
        "before you rely on the verdict, or take the gate from a trusted ref (input config_ref)."
    )


def headline(result: GateResult) -> str:
    """One line that says it all."""
    word = result.outcome.value.upper()
    trial = deciding_trial(result)
    if trial is not None:
        return f"{word} {result.reason.value}: {trial_line(trial)}"
    details = "; ".join(incident.detail for incident in result.incidents)
    lacking = "not every planned fault has a trial" if result.trials else "no trial was carried out"
    return f"{word} {result.reason.value}: {details or lacking}"


def trial_line(trial: TrialResult) -> str:
    """One sentence on a trial: what happened, how much, where."""
    return f"{_described(trial)} [scenario {trial.scenario}, fault {trial.fault}]"


def _described(trial: TrialResult) -> str:
    check = next((check for check in trial.checks if check.reason is trial.reason), None)
    incident = next((found.detail for found in trial.measurement.incidents), None)
    if incident is not None and OUTCOME_OF[trial.reason] is not Outcome.PASS:
        return incident
    if (words := _WORDS_OF.get(trial.reason)) is not None:
        return words(trial)
    if trial.reason is Reason.NO_READING or check is None or check.delta_bytes is None:
        return _unmeasured(trial)
    if trial.reason is Reason.NOTHING_AT_STAKE:
        stake = "unknown" if check.at_stake_bytes is None else show_size(check.at_stake_bytes)
        moved = f"{show_delta(check.delta_bytes)} on {check.device}"
        return f"at stake: {stake}, too little to tell a leak from none ({moved} after all faults)"
    return _moved(trial, check, check.delta_bytes)


def _gauge_moved(trial: TrialResult) -> str:
    facts = GaugeFacts(trial.measurement, within=None)
    return f"the engine's gauge is {facts.after:g} after the faults, and was {facts.baseline:g}"


def growth_words(growth: Growth) -> str:
    """What every fault added, or that nobody can say."""
    if growth.bytes_per_fault is None or growth.threshold_bytes is None:
        return "growth not judged"
    added = show_delta(growth.bytes_per_fault)
    limit = f"too much from {show_size(growth.threshold_bytes)}"
    if growth.healthy_bytes:
        healthy = show_size(growth.healthy_bytes)
        more = f"{added} more" if growth.bytes_per_fault > 0 else "no more than that"
        return f"every healthy inference adds {healthy}, a fault {more}, {limit}"
    return f"{added} per fault, {limit}"


def _unmeasured(trial: TrialResult) -> str:
    missing = [
        reading
        for snapshot in trial.measurement.snapshots
        for reading in snapshot.readings
        if isinstance(reading, Missing)
    ]
    if not missing:
        return "no figures were measured"
    return f"memory of {missing[-1].device} could not be read: {missing[-1].missing}"


def _moved(trial: TrialResult, check: Check, delta_bytes: int) -> str:
    fault, when = _FAULT_WORDS[trial.fault], _when(trial, check.phase)
    limit = f"tolerance {show_size(check.tolerance_bytes)}"
    neighbours = [
        sentence(holder) for holder in trial.holders if holder.kind is HolderKind.NEIGHBOUR
    ]
    if trial.reason is Reason.FOREIGN_ACTIVITY and neighbours:
        moved = f"{show_delta(delta_bytes)} on {check.device} {when}"
        return f"{moved}, while {', '.join(neighbours)}"
    if (own := _by_own_figure(check, delta_bytes)) is not None:
        return f"{own} {when}, {show_delta(delta_bytes)} on the whole of {check.device}, {limit}"
    if (swept := sweep.found(trial, check)) is not None:
        return f"{swept}, {limit}"
    if trial.reason is Reason.GROWTH_PER_ERROR and trial.growth.bytes_per_fault is not None:
        added = show_size(trial.growth.bytes_per_fault)
        where = f"{check.device} by {trial.growth.instrument}"
        return f"every {fault} adds {added} on {where}: {show_delta(delta_bytes)} {when}"
    if trial.reason is Reason.UNSETTLED:
        return f"readings on {check.device} never held still {when}"
    kept = trial.reason in {Reason.LEAK, Reason.CACHE_OR_LEAK}
    moved = f"{show_size(delta_bytes)} retained" if kept else show_delta(delta_bytes)
    return f"{moved} on {check.device} {when}, {limit}"


def _when(trial: TrialResult, phase: Phase) -> str:
    """After what the figures were read."""
    count = len(trial.faults)
    when = f"after {count} {_FAULT_WORDS[trial.fault]}{'s' if count != 1 else ''}"
    if trial.measurement.sweep is not None:
        when = sweep.when(trial.measurement.sweep)
    return f"{when} and the workload's exit" if phase is Phase.AFTER_EXIT else when


def _by_own_figure(check: Check, delta_bytes: int) -> str | None:
    """What the workload's processes did; None where the device itself shows as much."""
    own = check.own_delta_bytes or 0
    if check.reason is Reason.LEAK and delta_bytes <= check.tolerance_bytes < own:
        return f"{show_size(own)} retained by the workload's own processes"
    if check.reason is Reason.WORKING_SET_LOST and -delta_bytes <= check.tolerance_bytes < -own:
        return f"{show_size(-own)} lost by the workload's own processes"
    return None


def _not_fired(trial: TrialResult) -> str:
    if not trial.faults:
        return "the fault was never forced"
    fault = next((fault for fault in trial.faults if not fault.fired), trial.faults[-1])
    seen = "; ".join(_shown(item) for item in fault.evidence if item.what in _SHOWN)
    if any(item.what is Seen.RETURNED for item in fault.evidence):
        seen = "it returned normally"
    statuses = [item.value for item in fault.evidence if item.what is Seen.EXIT_STATUS]
    ended = f"exit status {statuses[0]}" if statuses else ""
    what = "; ".join(filter(None, (seen, ended))) or "nothing"
    return f"the fault did not fire: {', '.join(fault.unmet) or 'not every repeat'}; seen: {what}"


def _shown(item: Evidence) -> str:
    if isinstance(item.value, tuple):
        return "".join(item.value[:1])
    return f"status {item.value}" if item.what is Seen.STATUS else str(item.value)


def _survivors(trial: TrialResult) -> str:
    names = ", ".join(f"{one.name} (PID {one.pid})" for one in trial.measurement.survivors)
    return f"after the workload's exit these were alive: {names}"


_WORDS_OF: Final[dict[Reason, Callable[[TrialResult], str]]] = {
    Reason.FAULT_NOT_FIRED: _not_fired,
    Reason.GAUGE_NOT_RESTORED: _gauge_moved,
    Reason.SURVIVORS: _survivors,
}


def explanation(trial: TrialResult) -> str:
    """A paragraph on a red trial: what happened, how much, what to look at."""
    described = _described(trial)
    first = f"{described[:1].upper()}{described[1:]}."
    return " ".join([first, *particulars(trial), advice(trial)])


def advice(trial: TrialResult) -> str:
    """What to do next about a red trial."""
    known = advice_on(trial.holders) if trial.reason in _EXPLAINED else None
    return known or ADVICE[trial.reason]


def particulars(trial: TrialResult) -> tuple[str, ...]:
    """Sentences on what `trial_line` leaves open: the error, and who holds what is retained."""
    described = _described(trial)
    held = [f"{words}." for words in map(sentence, trial.holders) if words not in described]
    return tuple(filter(None, (_error(trial), *held)))


def _error(trial: TrialResult) -> str:
    """The error of the last fault: what, and from where."""
    evidence = trial.faults[-1].evidence if trial.faults else ()
    first = {item.what: item.value for item in reversed(evidence)}
    classes, places = first.get(Seen.EXCEPTION), first.get(Seen.RAISED_AT)
    if not isinstance(classes, tuple) or not classes:
        return ""
    where = f", raised at {places[-1]}" if isinstance(places, tuple) and places else ""
    message = first.get(Seen.MESSAGE)
    said = f": {message}" if message else ""
    return f"The forced error was {classes[0]}{said}{where}."
