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
    rb"(?:^|\0)%b=([0-9]{1,9}):([0-9]{1,19}):([0-9]{1,20})(?:\0|$)" % COOKIE.encode()
)
_STATE, _PARENT, _STARTED = 0, 1, 19  # proc(5), stat: the places after the name


@dataclass(frozen=True, slots=True)
class Gate:
    """One run of the gate.

    ``started``, in clock ticks since the system's start, tells it from a later process with its
    PID; ``namespace``, an inode, says whose PID it is.
    """

    pid: int
    started: int
    namespace: int

    def cookie(self) -> dict[str, str]:
        """What its workloads have in their environment."""
        return {COOKIE: f"{self.pid}:{self.started}:{self.namespace}"}

    def is_gone(self) -> bool:
        """Whether it is known to have ended; False where this process can't tell."""
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


def everybody() -> tuple[int, ...]:
    """The PIDs of all processes that can be seen, the youngest first: it may not live long.

    Nobody where /proc shows another PID namespace: its PIDs are those of other processes here.
    """
    if (_PROC / "self").readlink().name != str(os.getpid()):
        return ()
    names = os.listdir(_PROC)  # noqa: PTH208 (names are all that is asked for, and fast)
    return tuple(sorted((int(name) for name in names if name.isdigit()), reverse=True))


def carried_by(pid: int) -> Gate | None:
    """The gate whose cookie a process carries; None if there is none that can be read."""
    environment = _read(f"{_PROC}/{pid}/environ") or _read_at_another_thread(pid)
    entry = _ENTRY.search(environment)
    return Gate(*map(int, entry.groups())) if entry else None


def carriers() -> Iterator[tuple[int, Gate]]:
    """Every process with a cookie, by PID; the youngest first."""
    for pid in everybody():
        gate = carried_by(pid)
        if gate is not None:
            yield pid, gate


def lineage() -> frozenset[int]:
    """The PIDs of this process and of all it descends from."""
    pids = [os.getpid()]
    while fields := _stat(pids[-1]):
        pids.append(int(fields[_PARENT]))
    return frozenset(pids)


def _read_at_another_thread(pid: int) -> bytes:
    """A process whose first thread has ended shows its environment at the others only."""
    folder = f"{_PROC}/{pid}/task"
    try:
        threads = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return b""
    return next(filter(None, (_read(f"{folder}/{thread}/environ") for thread in threads)), b"")


def _namespace() -> int:
    """One number for the PID and the time namespace: start times are told in the latter."""
    spaces = _PROC / "self" / "ns"
    time = spaces / "time"  # since Linux 5.6
    return (spaces / "pid").stat().st_ino << 32 | (time.stat().st_ino if time.exists() else 0)


def _stat(pid: int) -> list[str] | None:
    text = _read(f"{_PROC}/{pid}/stat").decode("utf-8", "replace")
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


def _read(file: str) -> bytes:
    try:
        with open(file, "rb") as opened:  # noqa: PTH123 (for every process of the machine)
            return opened.read()
    except OSError:
        return b""  # ended meanwhile, or not ours to read
