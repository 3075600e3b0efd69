"""Who belongs to a workload: its processes by descent, and the users that they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops002.measurement import Process

_PARENT, _STARTED = 1, 19  # proc(5), stat: the places after the name
_ROOT: Final = 0


@dataclass(frozen=True, slots=True)
class _Stat:
    """``started``, in clock ticks since the system's start, tells a PID that was given anew."""

    parent: int
    started: int


class WorkloadTree:
    """The gate, what it has started since this was made, and what readings name as the workload's.

    Who was there already is a bystander, though it may descend from the gate, and so is whoever
    descends from a bystander.
    """

    def __init__(self, proc: Path, gate: int) -> None:
        self._proc = proc
        self._gate = gate
        self._named: frozenset[int] = frozenset()
        self._bystanders = frozenset(self._others())
        self._users = set(self._users_of(gate)) or {_ROOT}

    def see(self, processes: Sequence[Process]) -> None:
        """These are the workload's: remember as which users they run."""
        self._named = frozenset(process.pid for process in processes)
        if _ROOT not in self._users:  # which may be any user already
            for pid in self._named:
                self._users.update(self._users_of(pid))

    def everybody(self) -> Iterator[tuple[int, Path]]:
        """Every process of the machine that can be seen: its PID and its folder under /proc."""
        for folder in self._proc.iterdir():
            if folder.name.isdigit():
                yield int(folder.name), folder

    def has(self, pid: int) -> bool:
        """Whether a process is the workload's: one that has just been forked, too."""
        while pid not in {0, self._gate}:
            if pid in self._named:
                return True
            stat = self._stat(pid)
            if stat is None:
                return True  # it has ended and can't be asked: what it held counts
            if (pid, stat.started) in self._bystanders:
                return False
            pid = stat.parent
        return pid != 0

    def may_be(self, user: int) -> bool:
        """Whether something that only this user can have done may be the workload's doing.

        It may if a process of the workload, or the gate, was seen to be that user; and if one was
        root, which can become any user, do it and end, between two readings.
        """
        return user in self._users or _ROOT in self._users

    def _others(self) -> Iterator[tuple[int, int]]:
        for pid, _ in self.everybody():
            stat = self._stat(pid)
            if stat is not None:
                yield pid, stat.started

    def _stat(self, pid: int) -> _Stat | None:
        try:
            text = (self._proc / str(pid) / "stat").read_text("utf-8", "replace")
        except OSError:
            return None
        fields = text.rpartition(")")[2].split()
        return _Stat(parent=int(fields[_PARENT]), started=int(fields[_STARTED]))

    def _users_of(self, pid: int) -> Iterator[int]:
        """Its real, effective, saved and file system user; nobody if it has ended."""
        try:
            text = (self._proc / str(pid) / "status").read_text("utf-8", "replace")
        except OSError:
            return
        _, _, rest = text.partition("\nUid:")
        yield from map(int, rest.partition("\n")[0].split())
