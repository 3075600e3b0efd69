"""Who holds what an error left: asked once the readings are in that a verdict rests on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ops002.reasons import Reason
from ops002.retention import Climb, Retention
from ops002.trials.recording import Recording
from ops002.verdict.judge import judge
from ops002.verdict.limits import Limits
from ops002.workloads import WorkloadError
from ops002.workloads.serving import ServedFault, ServingProcess

_RETAINED: Final = frozenset({Reason.LEAK, Reason.HELD_UNTIL_GC, Reason.GROWTH_PER_ERROR})


def explain(process: ServingProcess[ServedFault], recording: Recording, limits: Limits) -> bool:
    """Ask, if by the readings so far something was retained; whether the workload was changed.

    Only a trial that fails is explained. What goes wrong here is a remark: the verdict stands.
    """
    held = process.held
    if held is None or judge(recording.measurement(), limits).reason not in _RETAINED:
        return False
    faults = _tried(held.explain, recording)
    once_more = None if faults is None else _tried(held.explain_again, recording)
    recording.set_retention(
        Retention(
            root=held.root,
            pid=process.running.root.pid,
            faults=faults,
            once_more=once_more,
        )
    )
    return True


def _tried(ask: Callable[[], Climb | None], recording: Recording) -> Climb | None:
    try:
        return ask()
    except WorkloadError as error:
        recording.add_health(f"who holds what was retained could not be found out: {error}")
        return None
