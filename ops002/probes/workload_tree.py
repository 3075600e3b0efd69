"""Who belongs to a workload: its processes by descent, and the users that they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ops002.measurement import Process
from ops002.process_table import entry, everybody, read

_ROOT: Final = 0


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

    def has(self, pid: int) -> bool:
        """Whether a process is the workload's: one that has just been forked, too.

        One that has ended can't be asked: what it held counts. An ancestor that can't be read may
        have ended, too; its child has another parent then. If the child has the same, the ancestor
        is there and /proc hides it (``hidepid``): it isn't the gate's, and neither is the child.
        """
        line, unread = [pid], set[int]()
        while (at := line[-1]) not in {0, self._gate}:
            if at in self._named:
                return True
            found = entry(at, proc=self._proc)
            if found is None:
                if at == pid:
                    return True
                unread.add(line.pop())  # its child is asked again
            elif found.parent in unread or (at, found.started) in self._bystanders:
                return False
            else:
                line.append(found.parent)
        return line[-1] != 0

    def may_be(self, user: int) -> bool:
        """Whether something that only this user can have done may be the workload's doing.

        It may if a process of the workload, or the gate, was seen to be that user; and if one was
        root, which can become any user, do it and end, between two readings.
        """
        return user in self._users or _ROOT in self._users

    def _others(self) -> Iterator[tuple[int, int]]:
        for pid in everybody(self._proc):
            found = entry(pid, proc=self._proc)
            if found is not None:
                yield pid, found.started

    def _users_of(self, pid: int) -> Iterator[int]:
        """Its real, effective, saved and file system user; nobody if it has ended."""
        _, _, rest = read(f"{pid}/status", self._proc).partition(b"\nUid:")
        yield from map(int, rest.partition(b"\n")[0].split())
