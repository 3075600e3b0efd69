"""Ends what an earlier gate left running: one that was killed could not do it itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from signal import SIGKILL
from typing import Final

from ops002.clock import Clock
from ops002.cookie import Gate, carried_by, lineage
from ops002.measurement import Process
from ops002.process_table import entry, everybody
from ops002.processes import describe, kill_groups, send_signal

_DEADLINE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.01
_QUIET_LOOKS: Final = 20
"""One look can miss a process that forks and ends faster than processes are listed."""

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

    A gate that ran inside of such a workload is one of them; its own workloads follow it.

    Raises:
        Interrupted: the run must end.
    """
    search = _Search()
    found: dict[int, Process] = {}
    deadline = clock.now() + _DEADLINE_SECONDS
    quiet = 0
    # Again until nobody is left: a process may fork while it is killed.
    while quiet < _QUIET_LOOKS and clock.now() < deadline:
        left = search.look()
        quiet = 0 if left else quiet + 1
        if left:
            found.update((process.pid, process) for process in _end(left))
            clock.sleep(_PAUSE_SECONDS)
    stuck = {one.pid for one in search.look()} if found else set()
    return Swept(
        ended=tuple(process for pid, process in found.items() if pid not in stuck),
        left=tuple(process for pid, process in found.items() if pid in stuck),
    )


@dataclass(frozen=True, slots=True)
class _Left:
    """One that carries the cookie of a gate that is gone, and the process group it was seen in."""

    pid: int
    started: int
    group: int
    gate: Gate


class _Search:
    """Looks for what was left.

    A gate that was itself started inside of a workload can't tell what was left from what it lives
    in: the cookies of its own ancestors are none of its business.
    """

    def __init__(self) -> None:
        self._spared = lineage()
        self._inherited = {carried_by(pid) for pid in self._spared}
        self._others: set[int] = set()

    def look(self) -> list[_Left]:
        """All that is left; whoever was seen to be another isn't asked again."""
        found: list[_Left] = []
        for pid in everybody():
            if pid in self._spared or pid in self._others:
                continue
            before = entry(pid)
            gate = carried_by(pid)
            if gate is None or gate in self._inherited or not gate.is_gone():
                self._others.add(pid)
                continue
            # The group now: it stays the same when this one has forked and ended.
            now = entry(pid)
            # Two that have had this PID: the cookie was the one's, the group is the other's.
            if before is not None and now is not None and now.started == before.started:
                found.append(_Left(pid, now.started, now.group, gate))
        if found:  # the others may have been changing their program: ask again
            self._others.clear()
        return found


def _end(left: Sequence[_Left]) -> list[Process]:
    """Kill them; who they were."""
    known = [(one, describe(one.pid)) for one in left]
    kill_groups(_groups_of_nobody_else(left))
    for one, process in known:
        # Asked again: the description is of who has the PID now.
        if process is not None and carried_by(one.pid) == one.gate:
            send_signal(process, SIGKILL)
    return [process or _nameless(one) for one, process in known]


def _groups_of_nobody_else(left: Sequence[_Left]) -> set[int]:
    """The process groups in which everybody alive carries one of these cookies.

    A group that was given the number of one of theirs has somebody in it who carries none.
    """
    gates = {one.gate for one in left}
    groups = {one.group for one in left}
    others = {
        found.group
        for pid in everybody()
        if (found := entry(pid)) is not None
        and found.group in groups
        and carried_by(pid) not in gates
        and describe(pid) is not None
    }
    return groups - others


def _nameless(one: _Left) -> Process:
    """One that ended before it could be asked for its name."""
    return Process(pid=one.pid, started=one.started, name="?", command="?")


def _names(processes: tuple[Process, ...]) -> str:
    named = ", ".join(f"{process.name} (PID {process.pid})" for process in processes[:_NAMED])
    more = len(processes) - _NAMED
    return f"{named} and {more} more" if more > 0 else named
