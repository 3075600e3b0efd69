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
    except psutil.NoSuchProcess:
        return None


def descendants() -> tuple[Process, ...]:
    """Every live descendant of this process, orphans included."""
    return tuple(_walk(psutil.Process()))


def _walk(root: psutil.Process) -> Iterator[Process]:
    for child in root.children(recursive=True):
        try:
            found = _describe(child)
        except psutil.NoSuchProcess:
            continue
        if found is not None:
            yield found


def _describe(process: psutil.Process) -> Process | None:
    with process.oneshot():
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        name = process.name()
        try:
            command = " ".join(process.cmdline())
        except psutil.AccessDenied:
            command = name
        return Process(
            pid=process.pid,
            started=process.create_time(),
            name=clean(name, 64),
            command=clean(command or name, 300),
        )


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
    except (ProcessLookupError, psutil.NoSuchProcess):
        return
    finally:
        os.close(handle)


def reap(pids: Iterable[int]) -> None:
    """Collect the exit status of dead children by PID, so that none stays a zombie."""
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue


def dead_children(known: Iterable[int]) -> tuple[int, ...]:
    """PIDs of the gate's dead children, without those that somebody else will wait for."""
    others = frozenset(known)
    dead = []
    for child in psutil.Process().children():
        try:
            if child.pid not in others and child.status() == psutil.STATUS_ZOMBIE:
                dead.append(child.pid)
        except psutil.NoSuchProcess:
            continue
    return tuple(dead)
