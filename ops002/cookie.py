"""The cookie that every workload carries in its environment: which gate it belongs to.

A gate that is killed can't end what it started. The cookie outlives it, is inherited by whatever a
workload starts, and says whose that was. It condemns nobody but those who carry it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops002.config.values import COOKIE
from ops002.process_table import entry, everybody, read, this_process, threads

GATE: Final = "([0-9]{1,9})-([0-9]{1,19})-([0-9]{1,20})"
"""How a `Gate` is written, as a regular expression with a group for each of its numbers."""

_CARRIED: Final = re.compile(rf"(?:^|\0){COOKIE}={GATE}(?:\0|$)".encode())


@dataclass(frozen=True, slots=True)
class Gate:
    """One run of the gate.

    ``started``, in clock ticks since the system's start, tells it from a later process with its
    PID; ``namespace``, an inode, says whose PID it is.
    """

    pid: int
    started: int
    namespace: int

    @classmethod
    def named_in(cls, found: re.Match[str] | re.Match[bytes]) -> Gate:
        """The one that is written where a pattern with `GATE` in it was found."""
        return cls(*map(int, found.groups()))

    def __str__(self) -> str:
        """As it is written in environments and names of files."""
        return f"{self.pid}-{self.started}-{self.namespace}"

    def cookie(self) -> dict[str, str]:
        """What its workloads have in their environment."""
        return {COOKIE: str(self)}

    def is_gone(self) -> bool:
        """Whether it is known to have ended; False where this process can't tell."""
        if self.namespace != _namespace():
            return False
        found = entry(self.pid)
        if found is None:
            return not _anybody(self.pid)
        return found.started != self.started or found.has_ended


def this_gate() -> Gate:
    """The gate that this process is.

    Raises:
        NotShown: there is no /proc, or it shows another PID namespace.
    """
    return Gate(pid=os.getpid(), started=this_process().started, namespace=_namespace())


def carried_by(pid: int) -> Gate | None:
    """The gate whose cookie a process carries; None if there is none that can be read."""
    environment = read(f"{pid}/environ") or _read_at_another_thread(pid)
    carried = _CARRIED.search(environment)
    return Gate.named_in(carried) if carried else None


def carriers() -> Iterator[tuple[int, Gate]]:
    """Every process with a cookie, by PID; the youngest first."""
    for pid in everybody():
        gate = carried_by(pid)
        if gate is not None:
            yield pid, gate


def lineage() -> frozenset[int]:
    """The PIDs of this process and of all it descends from."""
    pids = [os.getpid()]
    while found := entry(pids[-1]):
        pids.append(found.parent)
    return frozenset(pids)


def _read_at_another_thread(pid: int) -> bytes:
    """A process whose first thread has ended shows its environment at the others only."""
    environments = (read(f"{pid}/task/{thread}/environ") for thread in threads(pid))
    return next(filter(None, environments), b"")


def _namespace() -> int:
    """One number for the PID and the time namespace: start times are told in the latter."""
    spaces = Path("/proc/self/ns")
    time = spaces / "time"  # since Linux 5.6
    return (spaces / "pid").stat().st_ino << 32 | (time.stat().st_ino if time.exists() else 0)


def _anybody(pid: int) -> bool:
    """Whether there is such a process; a /proc that hides other users' doesn't show it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
