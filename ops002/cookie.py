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

from ops002.config_values import COOKIE

_PROC: Final = Path("/proc")
_ENTRY: Final = re.compile(
    rb"(?:^|\0)%b=([0-9]{1,9}):([0-9]{1,19}):([0-9]{1,19})(?:\0|$)" % COOKIE.encode()
)
_STATE, _PARENT, _STARTED = 0, 1, 19  # proc(5), stat: the places after the name


@dataclass(frozen=True, slots=True)
class Gate:
    """One run of the gate.

    ``started``, in clock ticks since the system's start, tells it from a later process with its
    PID; ``namespace``, an inode, says in which PID namespace that PID is its own.
    """

    pid: int
    started: int
    namespace: int

    def cookie(self) -> dict[str, str]:
        """What its workloads have in their environment."""
        return {COOKIE: f"{self.pid}:{self.started}:{self.namespace}"}

    def is_gone(self) -> bool:
        """Whether it is known to have ended; False where that can't be told from here."""
        if self.namespace != _namespace():
            return False
        fields = _stat(self.pid)
        if fields is None:
            return not _anybody(self.pid)
        return int(fields[_STARTED]) != self.started or fields[_STATE] in "ZX"


def this_gate() -> Gate:
    """The gate that this process is.

    Raises:
        OSError: there is no /proc.
    """
    fields = _stat(os.getpid())
    if fields is None:
        raise FileNotFoundError(f"{_PROC} doesn't show the gate itself: is it mounted?")
    return Gate(pid=os.getpid(), started=int(fields[_STARTED]), namespace=_namespace())


def carriers() -> Iterator[tuple[int, Gate]]:
    """Every process with a cookie, by PID; the youngest first, because it may not live long."""
    pids = (int(folder.name) for folder in _PROC.iterdir() if folder.name.isdigit())
    for pid in sorted(pids, reverse=True):
        gate = carried_by(pid)
        if gate is not None:
            yield pid, gate


def carried_by(pid: int) -> Gate | None:
    """The gate whose cookie a process carries; None if there is none that can be read."""
    environment = _read(_PROC / str(pid) / "environ")
    if not environment:
        # A process whose first thread has ended shows its environment at the others only.
        environment = next(filter(None, map(_read, _PROC.glob(f"{pid}/task/*/environ"))), b"")
    entry = _ENTRY.search(environment)
    return Gate(*map(int, entry.groups())) if entry else None


def lineage() -> frozenset[int]:
    """The PIDs of this process and of all it descends from."""
    pids = [os.getpid()]
    while fields := _stat(pids[-1]):
        pids.append(int(fields[_PARENT]))
    return frozenset(pids)


def _namespace() -> int:
    return (_PROC / "self" / "ns" / "pid").stat().st_ino


def _stat(pid: int) -> list[str] | None:
    text = _read(_PROC / str(pid) / "stat").decode("utf-8", "replace")
    return text.rpartition(")")[2].split() if text else None


def _anybody(pid: int) -> bool:
    """Whether there is such a process; a /proc that hides other users' doesn't show it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # ended meanwhile, or not ours to read
