"""The kernel's process table, read from /proc: who is there, whose child, and since when."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_STATE, _PARENT, _GROUP, _STARTED = 0, 1, 2, 19  # proc(5), stat: the places after the name
NAME_BYTES: Final = 15
"""The kernel's TASK_COMM_LEN, without the zero byte at the end."""

_NOT_SHOWN: Final = (FileNotFoundError, ProcessLookupError, PermissionError)
"""Nobody there, or somebody else's. Any other error says nothing of a process: the gate has no
descriptor or no memory left, and must not take that for an end."""


class NotShown(Exception):
    """/proc isn't there, or is that of another PID namespace; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the kernel says of one process (or thread) at one moment.

    ``started``, in clock ticks since the system's start, tells it from a later process with its
    PID: unlike a time of day it doesn't move when the clock is set. ``group`` is 0 where the
    process group is one of another PID namespace, and -1 in a process that is being reaped.
    ``name`` is the kernel's, cut after `NAME_BYTES`.
    """

    name: str
    state: str
    parent: int
    group: int
    started: int

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left of it but its exit status."""
        return self.state in "ZX"


def entry(pid: int, thread: int | None = None, proc: Path = _PROC) -> Entry | None:
    """Who has a PID now; None if nobody has, or if it can't be seen.

    All of it is of the same process: the kernel answers one read for the one that was opened.

    Raises:
        OSError: the gate can't ask, whoever is there.
    """
    folder = f"{pid}" if thread is None else f"{pid}/task/{thread}"
    text = read(f"{folder}/stat", proc).decode("utf-8", "replace")
    if not text:
        return None
    # A name may hold anything, brackets too; what comes after it can't.
    before, _, after = text.rpartition(")")
    fields = after.split()
    return Entry(
        name=before.partition("(")[2],
        state=fields[_STATE],
        parent=int(fields[_PARENT]),
        group=int(fields[_GROUP]),
        started=int(fields[_STARTED]),
    )


def running_seconds(pid: int) -> float | None:
    """For how long the process that has a PID now has run; None if there is none to be seen.

    Raises:
        OSError: the gate can't ask.
    """
    found = entry(pid)
    if found is None:
        return None
    # Both count from the system's start, the time that it slept included.
    return time.clock_gettime(time.CLOCK_BOOTTIME) - found.started / os.sysconf("SC_CLK_TCK")


def command_line(pid: int) -> tuple[str, ...]:
    """The words a process was started with, or has put in their place; none if it has ended.

    They are of whoever has the PID when this is called: compare `Entry.started` afterwards.
    """
    words = read(f"{pid}/cmdline").decode("utf-8", "replace").rstrip("\0")
    return tuple(words.split("\0")) if words else ()


def this_process() -> Entry:
    """The entry of the process that asks.

    Raises:
        NotShown: there is no /proc, or it shows another PID namespace.
    """
    itself = entry(os.getpid()) if _shows_this_namespace() else None
    if itself is None:
        raise NotShown(
            f"{_PROC} doesn't show the gate itself, so it can't show its workload either: mount "
            "the one of this PID namespace (unshare does with --mount-proc)"
        )
    return itself


def everybody(proc: Path = _PROC) -> tuple[int, ...]:
    """The PIDs of all processes that can be seen, the youngest first: it may not live long.

    Nobody where /proc shows another PID namespace: its PIDs are those of other processes here.
    """
    if not _shows_this_namespace(proc):
        return ()
    return tuple(sorted(_numbers(proc), reverse=True))


def threads(pid: int) -> tuple[int, ...]:
    """The threads of a process; none if it has ended.

    Raises:
        OSError: the gate can't ask.
    """
    try:
        return _numbers(_PROC / str(pid) / "task")
    except _NOT_SHOWN:
        return ()


def read(name: str, proc: Path = _PROC) -> bytes:
    """A file of /proc; nothing where its process has ended, or isn't ours.

    Raises:
        OSError: the gate can't ask.
    """
    try:
        with open(f"{proc}/{name}", "rb") as opened:  # noqa: PTH123 (for every process there is)
            return opened.read()
    except _NOT_SHOWN:
        return b""


def _shows_this_namespace(proc: Path = _PROC) -> bool:
    try:
        return (proc / "self").readlink().name == str(os.getpid())
    except _NOT_SHOWN:
        return False


def _numbers(folder: Path) -> tuple[int, ...]:
    names = os.listdir(folder)  # noqa: PTH208 (names are all that is asked for, and fast)
    return tuple(int(name) for name in names if name.isdigit())


def resident_bytes(pid: int) -> int:
    """How much of a process is in memory, files' pages among it; 0 if it has ended."""
    fields = read(f"{pid}/statm").split()  # proc(5), statm: sizes in pages, resident is the second
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if fields else 0
