"""Processes of a workload: who they are, and how they end. The only room that knows psutil.

The gate makes itself the reaper of orphans, so that a process which leaves its parent, its group
and its session is still found among the gate's descendants. It reaps by known PID only: waiting
for *any* child would steal the exit status of processes that others started.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from ops002.measurement import Process
from ops002.text import clean

_PR_SET_CHILD_SUBREAPER: Final = 36  # prctl(2)


def become_subreaper() -> None:
    """Have orphaned descendants become children of this process instead of init's.

    Raises:
        OSError: the kernel refused (before Linux 3.4).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"can't become a subreaper: {os.strerror(number)}")


def describe(pid: int) -> Process | None:
    """Who a PID is now; None if nobody, or only a dead process that its parent hasn't reaped."""
    try:
        return _describe(psutil.Process(pid))
    except (
        psutil.NoSuchProcess,
        FileNotFoundError,
    ):  # the latter if its PID is given anew just now
        return None


@dataclass(frozen=True, slots=True)
class Family:
    """The descendants of this process: those that live, and its own children that have ended."""

    live: tuple[Process, ...]
    ended: tuple[Process, ...]


def family(bystanders: Iterable[Process] = (), waited_for: Iterable[int] = ()) -> Family:
    """Every live descendant of this process, orphans included, and its dead children.

    ``bystanders`` are descendants that aren't the workload's: they and all below them are left out.
    ``waited_for`` are the PIDs whose exit status somebody else collects. One pass over the process
    table: it costs more than all else in a reading.
    """
    apart = {process.pid: process.started for process in bystanders}
    others = frozenset(waited_for)
    gate = psutil.Process()
    live, ended = [], []
    for child in _walk(gate, apart):
        with suppress(psutil.NoSuchProcess):
            found = _describe(child)
            if found is not None:
                live.append(found)
            elif child.pid not in others and child.ppid() == gate.pid:
                ended.append(_named(child))
    return Family(live=tuple(live), ended=tuple(ended))


def _walk(root: psutil.Process, apart: dict[int, float]) -> Iterator[psutil.Process]:
    # Parents are listed before their children. A PID alone is nobody: it may have been given anew.
    for child in root.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            started = child.create_time()
            if apart.get(child.pid) == started or child.ppid() in apart:
                apart[child.pid] = started
                continue
            apart.pop(child.pid, None)
            yield child


def _named(child: psutil.Process) -> Process:
    """A process that has nothing left but its name."""
    name = clean(child.name(), 64)
    return Process(pid=child.pid, started=child.create_time(), name=name, command=name)


def _describe(process: psutil.Process) -> Process | None:
    with process.oneshot():
        if process.status() == psutil.STATUS_ZOMBIE and not _other_threads_live(process.pid):
            return None
        name = process.name()
        try:
            command = " ".join(process.cmdline())
        except (psutil.AccessDenied, psutil.ZombieProcess):
            command = name
        return Process(
            pid=process.pid,
            started=process.create_time(),
            name=clean(name, 64),
            command=clean(command or name, 300),
        )


def _other_threads_live(pid: int) -> bool:
    """Whether threads run on in a process whose first thread has ended: it looks like a zombie."""
    try:
        states = [
            (thread / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
            for thread in Path(f"/proc/{pid}/task").iterdir()
        ]
    except OSError:
        return False
    return any(state not in "ZX" for state in states)


def groups_of(pids: Iterable[int]) -> frozenset[int]:
    """The process groups of processes, dead ones that aren't reaped yet among them."""
    groups = set()
    for pid in pids:
        with suppress(ProcessLookupError):
            groups.add(os.getpgid(pid))
    return frozenset(groups)


def kill_groups(groups: Iterable[int]) -> None:
    """Kill process groups, but never the gate's own.

    One that forks faster than it can be listed stays in its group: the group is killed at once.
    """
    for group in set(groups) - {os.getpgrp()}:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def send_signal(process: Process, number: signal.Signals) -> None:
    """Signal exactly this process: never another that was given its PID since."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        # The PID may have been given to another process between the listing and the opening;
        # while the descriptor is open it stays with the one that was opened.
        if psutil.Process(process.pid).create_time() == process.started:
            signal.pidfd_send_signal(handle, number)
    except (ProcessLookupError, PermissionError, psutil.NoSuchProcess):
        return  # gone, or not ours to signal: whoever is left is named as a survivor
    finally:
        os.close(handle)


def reap(processes: Iterable[Process]) -> None:
    """Collect the exit status of dead children by PID, so that none stays a zombie."""
    for process in processes:
        with suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)
