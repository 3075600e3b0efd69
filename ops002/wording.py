"""What happened, how much, what to do: the sentences that every report uses; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ops002.attribution import Holder, HolderKind
from ops002.gauge import GaugeFacts
from ops002.growth import Growth
from ops002.measurement import Evidence, Missing, Phase, Seen
from ops002.reasons import OUTCOME_OF, Outcome, Reason
from ops002.result import GateResult, TrialResult
from ops002.units import show_delta, show_size
from ops002.verdict import Check

_FAULT_WORDS: Final = {
    "oom": "out-of-memory error",
    "call": "failing call",
    "exit": "failing exit",
    "exception": "injected exception",
    "kill": "kill",
    "request": "failing request",
    "disconnect": "dropped request",
}

_SHOWN: Final = frozenset(
    {Seen.EXCEPTION, Seen.MESSAGE, Seen.STATUS, Seen.BODY, Seen.OTHER_BODY, Seen.NO_ANSWER}
)

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
    Reason.CACHE_OR_LEAK: (
        "The first failing requests left this, and later ones added nothing: a cache that was "
        "filled, or one object that is replaced each time, such as the last exception. Nobody can "
        "ask the server. Warm it up with a larger healthy request, one that fills the cache as "
        "far; what then still stays is a leak. Or name a gauge of what it has in use."
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
    Reason.GAUGE_NOT_RESTORED: (
        "The engine itself counts something as still in use: what leaks within memory that it took "
        "at its start is invisible to the driver, until no request is admitted any more. Look at "
        "what an aborted or refused request had reserved."
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


def headline(result: GateResult) -> str:
    """One line that says it all."""
    word = result.outcome.value.upper()
    for trial in result.trials:
        if trial.reason is result.reason:
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
    fault = _FAULT_WORDS[trial.fault]
    count = len(trial.faults)
    when = f"after {count} {fault}{'s' if count != 1 else ''}"
    if check.phase is Phase.AFTER_EXIT:
        when += " and the workload's exit"
    limit = f"tolerance {show_size(check.tolerance_bytes)}"
    neighbours = [_held(holder) for holder in trial.holders if holder.kind is HolderKind.NEIGHBOUR]
    if trial.reason is Reason.FOREIGN_ACTIVITY and neighbours:
        moved = f"{show_delta(delta_bytes)} on {check.device} {when}"
        return f"{moved}, while {', '.join(neighbours)}"
    if (own := _by_own_figure(check, delta_bytes)) is not None:
        return f"{own} {when}, {show_delta(delta_bytes)} on the whole of {check.device}, {limit}"
    if trial.reason in (Reason.LEAK, Reason.CACHE_OR_LEAK):
        return f"{show_size(delta_bytes)} retained on {check.device} {when}, {limit}"
    if trial.reason is Reason.GROWTH_PER_ERROR and trial.growth.bytes_per_fault is not None:
        added = show_size(trial.growth.bytes_per_fault)
        where = f"{check.device} by {trial.growth.instrument}"
        return f"every {fault} adds {added} on {where}: {show_delta(delta_bytes)} {when}"
    if trial.reason is Reason.UNSETTLED:
        return f"readings on {check.device} never held still {when}"
    return f"{show_delta(delta_bytes)} on {check.device} {when}, {limit}"


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
    parts = [f"{described[:1].upper()}{described[1:]}."]
    error = _error(trial)
    if error:
        parts.append(error)
    parts += [f"{words}." for words in map(_held, trial.holders) if words not in described]
    parts.append(ADVICE[trial.reason])
    return " ".join(parts)


def _held(holder: Holder) -> str:
    """A sentence on a holder, without its end."""
    size = "size unknown" if holder.bytes is None else show_size(holder.bytes)
    who = holder.name if holder.pid is None else f"{holder.name} (PID {holder.pid})"
    match holder.kind:
        case HolderKind.PROCESS:
            return f"Held by {who}, {size}: {holder.detail}"
        case HolderKind.NEIGHBOUR:
            return f"{who} {holder.detail}"
        case HolderKind.UNLISTED:
            return f"{size} {holder.detail}"


def _error(trial: TrialResult) -> str:
    """The error of the last fault: what, and from where."""
    evidence = trial.faults[-1].evidence if trial.faults else ()
    first = {item.what: item.value for item in reversed(evidence)}
    classes, places = first.get(Seen.EXCEPTION), first.get(Seen.RAISED_AT)
    if not isinstance(classes, tuple) or not classes:
        return ""
    where = f", raised at {places[-1]}" if isinstance(places, tuple) and places else ""
    return f"The error was {classes[0]}: {first.get(Seen.MESSAGE, '')}{where}."
