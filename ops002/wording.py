"""What happened, how much, what to do: the sentences that every report uses; pure."""

from __future__ import annotations

from typing import Final

from ops002 import sweep_wording
from ops002.growth import Growth
from ops002.holder_words import advice_on, sentence
from ops002.holders import HolderKind
from ops002.measurement import Missing, Phase, Seen
from ops002.reasons import OUTCOME_OF, Outcome, Reason
from ops002.result import GateResult, GitFacts, TrialResult, deciding_trial
from ops002.units import show_delta, show_size
from ops002.verdict import Check

_FAULT_WORDS: Final = {
    "oom": "out-of-memory error",
    "oom-sweep": "sweep of out-of-memory errors",
    "call": "failing call",
    "exit": "failing exit",
    "exception": "injected exception",
    "kill": "kill",
}

_EXPLAINED: Final = frozenset({Reason.LEAK, Reason.GROWTH_PER_ERROR})
"""Where the advice on who holds the memory says more than that on the reason."""

ADVICE: Final = {
    Reason.INTERRUPTED: "Nothing was judged. Run it again and let it finish.",
    Reason.INTERNAL_ERROR: (
        "This is a defect of ops002, not of the code under test. Please report it."
    ),
    Reason.TOLERANCE_ABOVE_CAP: "A tolerance above 256 MiB would hide real leaks. Lower it.",
    Reason.UNSUPPORTED_DEVICE: (
        "What the driver counts there doesn't come back when memory is freed, so neither a pass "
        "nor a fail would mean anything. Run the gate on a GPU with memory of its own."
    ),
    Reason.DIRTY_DEVICE: (
        "What others do there would be taken for the workload's. End what is named, or give the "
        "gate a GPU of its own (CUDA_VISIBLE_DEVICES, or device)."
    ),
    Reason.WORKLOAD_FAILED: (
        "The workload must work before its failure can be tested: mend that first. What it printed "
        "is kept beside the report."
    ),
    Reason.NO_READING: (
        "Memory that can't be read can't be judged. Give the gate what the message names."
    ),
    Reason.IMPLAUSIBLE_READING: (
        "A reading outside [0, 1 TiB] is a broken counter. Mend that before trusting any figure."
    ),
    Reason.UNSTEADY_CONTROL: (
        "Healthy inferences alone move memory that far, so nothing can be said of the error path. "
        "Warm up more, or find what the healthy path keeps."
    ),
    Reason.FOREIGN_ACTIVITY: (
        "Memory that isn't the workload's moved while it was measured, so nobody can say what the "
        "error left. End who did that, wait until it holds still, or give the gate a device of its "
        "own; then run it again."
    ),
    Reason.WORKLOAD_RESTARTED: (
        "Memory of a process that was replaced comes back with it, whatever the error path keeps. "
        "Keep the processes alive through the error, or say after: exited."
    ),
    Reason.FAULT_TIMEOUT: "The error path hangs, or timeouts.infer is too short for it.",
    Reason.FAULT_NOT_FIRED: (
        "The failure did not happen as expected, so nothing was tested. Compare what was seen with "
        "what is expected; for oom, let infer take size=1, so that the gate can ask for more."
    ),
    Reason.DEVICE_NOT_USED: (
        "None of its processes was ever on this device, so nothing there could leak. Look whether "
        "it fell back to the CPU, or name the devices that it uses under device."
    ),
    Reason.WORKLOAD_DIED: (
        "The error took the whole workload down. Its last output, kept beside the report, shows "
        "how it ended."
    ),
    Reason.SURVIVORS: (
        "End these processes when the workload ends: they hold memory, and they would spoil the "
        "next job on this machine. (The gate kills them once they are named.)"
    ),
    Reason.HELD_UNTIL_GC: (
        "It came back only when Python's collector ran: a reference cycle holds it, and until the "
        "next collection it is as good as gone. Break the cycle (often an exception that refers to "
        "itself through a frame), or accept it with held_until_gc: accept."
    ),
    Reason.LEAK: (
        "Something still refers to what the failed inference allocated. Look first for a stored "
        "exception (its traceback holds every local of the failed frames), then for caches and "
        "requests that only the success path cleans up."
    ),
    Reason.WORKING_SET_LOST: (
        "The workload lost part of what it had loaded: it may look alive and no longer be able to "
        "serve. Look for clean-up on the error path that frees too much."
    ),
    Reason.UNSETTLED: (
        "Memory kept moving until the deadline. Find what runs in the background, or give settle "
        "a longer timeout."
    ),
    Reason.NOT_SERVING: (
        "Memory is back, but the workload no longer works: a service that stays up and fails every "
        "request after the first error."
    ),
    Reason.GROWTH_PER_ERROR: (
        "Too little to see after one error, and a crash after enough of them. Look for what the "
        "error path keeps for each request: a list, a log, a metric with a label per request."
    ),
    Reason.NOTHING_AT_STAKE: (
        "The fault moved so little memory that even keeping all of it would pass. Let it fail late "
        "and large (for call: the file's fail), or lower tolerance and min_at_stake both."
    ),
    Reason.RETURNED_TO_BASELINE: "Memory came back.",
}


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
    return f"{_described(trial)} [{trial.scenario}: {trial.fault}]"


def _described(trial: TrialResult) -> str:
    check = next((check for check in trial.checks if check.reason is trial.reason), None)
    incident = next((found.detail for found in trial.measurement.incidents), None)
    if incident is not None and OUTCOME_OF[trial.reason] is not Outcome.PASS:
        return incident
    if trial.reason is Reason.FAULT_NOT_FIRED:
        return _not_fired(trial)
    if trial.reason is Reason.SURVIVORS:
        names = ", ".join(f"{one.name} (PID {one.pid})" for one in trial.measurement.survivors)
        return f"after the workload's exit these were alive: {names}"
    if trial.reason is Reason.NO_READING or check is None or check.delta_bytes is None:
        return _unmeasured(trial)
    if trial.reason is Reason.NOTHING_AT_STAKE:
        stake = "unknown" if check.at_stake_bytes is None else show_size(check.at_stake_bytes)
        moved = f"{show_delta(check.delta_bytes)} on {check.device}"
        return f"at stake: {stake}, too little to tell a leak from none ({moved} after all faults)"
    return _moved(trial, check, check.delta_bytes)


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
    if (swept := sweep_wording.found(trial, check)) is not None:
        return f"{swept}, {limit}"
    if trial.reason is Reason.GROWTH_PER_ERROR and trial.growth.bytes_per_fault is not None:
        added = show_size(trial.growth.bytes_per_fault)
        where = f"{check.device} by {trial.growth.instrument}"
        return f"every {fault} adds {added} on {where}: {show_delta(delta_bytes)} {when}"
    if trial.reason is Reason.UNSETTLED:
        return f"readings on {check.device} never held still {when}"
    retained = f"{show_size(delta_bytes)} retained" if trial.reason is Reason.LEAK else ""
    return f"{retained or show_delta(delta_bytes)} on {check.device} {when}, {limit}"


def _when(trial: TrialResult, phase: Phase) -> str:
    """After what the figures were read."""
    count = len(trial.faults)
    when = f"after {count} {_FAULT_WORDS[trial.fault]}{'s' if count != 1 else ''}"
    if trial.measurement.sweep is not None:
        when = sweep_wording.when(trial.measurement.sweep)
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
    seen = "; ".join(
        str("".join(item.value[:1]) if isinstance(item.value, tuple) else item.value)
        for item in fault.evidence
        if item.what in (Seen.EXCEPTION, Seen.MESSAGE)
    )
    if any(item.what is Seen.RETURNED for item in fault.evidence):
        seen = "it returned normally"
    statuses = [item.value for item in fault.evidence if item.what is Seen.EXIT_STATUS]
    ended = f"exit status {statuses[0]}" if statuses else ""
    what = "; ".join(filter(None, (seen, ended))) or "nothing"
    return f"the fault did not fire: {', '.join(fault.unmet) or 'not every repeat'}; seen: {what}"


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
    return f"The error was {classes[0]}{said}{where}."
