"""What to do about each reason: the sentences that every report uses; pure."""

from __future__ import annotations

from typing import Final

from ops002.reasons import Reason

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
