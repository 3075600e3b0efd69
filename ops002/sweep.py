"""Ends what an earlier gate left running: one that was killed could not do it itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from signal import SIGKILL
from typing import Final

from ops002.clock import Clock
from ops002.cookie import carried_by, carriers, lineage
from ops002.measurement import Process
from ops002.processes import describe, groups_of, kill_groups, send_signal

_DEADLINE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.01
_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Swept:
    """What was ended of earlier gates, and what would not end."""

    ended: tuple[Process, ...]
    left: tuple[Process, ...]

    def lines(self) -> Iterator[str]:
        """What a person is told; nothing if there was nothing."""
        if self.ended:
            yield f"ended what a killed run had left: {_names(self.ended)}"
        if self.left:
            yield (
                f"can't end what a killed run has left: {_names(self.left)}; it may disturb this "
                "run, so end it by hand"
            )


def sweep(clock: Clock) -> Swept:
    """End every process that carries the cookie of a gate that is gone.

    Raises:
        Interrupted: the run must end.
    """
    found: dict[int, Process] = {}
    deadline = clock.now() + _DEADLINE_SECONDS
    # Again until nobody is left: a process may fork while it is killed.
    while (left := _left_over()) and clock.now() < deadline:
        found.update({process.pid: process for process in left})
        kill_groups(groups_of(left))
        for process in left:
            send_signal(process, SIGKILL)
        clock.sleep(_PAUSE_SECONDS)
    stuck = {process.pid for process in left}
    return Swept(
        ended=tuple(process for pid, process in found.items() if pid not in stuck),
        left=tuple(process for pid, process in found.items() if pid in stuck),
    )


def _left_over() -> tuple[Process, ...]:
    """Who carries the cookie of a gate that is gone.

    A gate that was itself started inside of a workload can't tell what was left from what it lives
    in: the cookies of its own ancestors are none of its business.
    """
    spared = lineage()
    inherited = {carried_by(pid) for pid in spared}
    found = (
        describe(pid)
        for pid, gate in carriers()
        if pid not in spared and gate not in inherited and gate.is_gone()
    )
    return tuple(process for process in found if process is not None)


def _names(processes: tuple[Process, ...]) -> str:
    named = ", ".join(f"{process.name} (PID {process.pid})" for process in processes[:_NAMED])
    more = len(processes) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
