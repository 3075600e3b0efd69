"""Processes of a workload: who they are, and how they end.

The gate makes itself the reaper of orphans, so that a process which leaves its parent, its group
and its session is still found among the gate's descendants. It reaps by known PID only: waiting
for *any* child would steal the exit status of processes that others started.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from ops002.measurement import Process
from ops002.process_table import NAME_BYTES, Entry, command_line, entry, everybody, threads
from ops002.text import clean

_PR_SET_CHILD_SUBREAPER: Final = 36  # prctl(2)


def take_charge_of_children() -> None:
    """Have orphaned descendants become this process's children, and every child's status kept.

    Orphans would become init's. And where whoever started the gate ignores its own children
    (SIGCHLD), so would the gate: the kernel would throw their exit status away, and every workload
    would seem to end well.

    Raises:
        OSError: the kernel refused (before Linux 3.4).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"can't become a subreaper: {os.strerror(number)}")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def describe(pid: int) -> Process | None:
    """Who a PID is now; None if nobody, or only a dead process that its parent hasn't reaped."""
    found = entry(pid)
    if found is None or _is_over(pid, found):
        return None
    return _described(pid, found)


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
    apart = frozenset((process.pid, process.started) for process in bystanders)
    others = frozenset(waited_for)
    live: list[Process] = []
    ended: list[Process] = []
    for pid, found in _walk(apart, [os.getpid()]):
        over = _is_over(pid, found)
        if over and (pid in others or found.parent != os.getpid()):
            continue
        described = _described(pid, found)
        if described is not None:
            (ended if over else live).append(described)
    return Family(live=tuple(live), ended=tuple(ended))


def descendants(roots: Iterable[Process], apart: Iterable[Process] = ()) -> tuple[Process, ...]:
    """Every live process that is one of the roots or descends from one, and none of ``apart``.

    Unlike in `family`, what descends from one that is apart counts.
    """
    left_out = frozenset((process.pid, process.started) for process in apart)
    tops = {root.pid: found for root in roots if (found := _still(root)) is not None}
    everyone = {**tops, **dict(_walk(frozenset(), tops))}
    described = (
        _described(pid, found)
        for pid, found in everyone.items()
        if (pid, found.started) not in left_out and not _is_over(pid, found)
    )
    return tuple(process for process in described if process is not None)


def _still(process: Process) -> Entry | None:
    """Its entry; None if its PID has been given back."""
    found = entry(process.pid)
    return found if found is not None and found.started == process.started else None


def _walk(apart: frozenset[tuple[int, int]], tops: Iterable[int]) -> Iterator[tuple[int, Entry]]:
    """The descendants of ``tops``, each after its parent; none that is apart, or below one."""
    table: dict[int, Entry] = {}
    children: defaultdict[int, list[int]] = defaultdict(list)
    # The lowest PID first, mostly the oldest: whoever's parent ends meanwhile has been given
    # another by then. Where PIDs have begun anew a child can come first, and be missed once.
    for pid in reversed(everybody()):
        found = entry(pid)
        if found is not None:
            table[pid] = found
            children[found.parent].append(pid)
    waiting = [pid for pid in tops if pid in table]
    while waiting:
        parent = waiting.pop()
        for pid in children.pop(parent, ()):
            found = table[pid]
            # One that is older than its parent is another's: the parent's PID was given anew.
            if found.started >= table[parent].started and (pid, found.started) not in apart:
                waiting.append(pid)
                yield pid, found


def _described(pid: int, found: Entry) -> Process | None:
    """An entry with its names; None if the PID has been given back since."""
    words = command_line(pid)
    now = entry(pid)
    if now is None or now.started != found.started:
        return None
    name = _whole_name(found.name, words)
    return Process(
        pid=pid,
        started=found.started,
        name=clean(name, 64),
        command=clean(" ".join(words) or name, 300),
    )


def _whole_name(name: str, words: Sequence[str]) -> str:
    """A name that the kernel has cut goes on as the program's does, if that begins like it."""
    program = PurePosixPath(words[0]).name if words else ""
    is_cut = len(name.encode()) >= NAME_BYTES
    return program if is_cut and program.startswith(name) else name


def _is_over(pid: int, found: Entry) -> bool:
    """Whether it has ended: one whose first thread has ended looks so while the others run on."""
    if not found.has_ended:
        return False
    others = (entry(pid, thread) for thread in threads(pid))
    return all(other is None or other.has_ended for other in others)


def groups_of(processes: Iterable[Process]) -> frozenset[int]:
    """The process groups of exactly these, dead ones that aren't reaped yet among them.

    Whoever has been given the PID of one of them since has no say: who it is and its group are read
    at once. A group keeps its number as long as a member isn't reaped; once the last one is, the
    number may go to a stranger's group. So kill at once what was found, and reap afterwards.
    """
    entries = ((process, entry(process.pid)) for process in processes)
    return frozenset(
        found.group for process, found in entries if found and found.started == process.started
    )


def kill_groups(groups: Iterable[int]) -> None:
    """Kill process groups, but never the gate's own.

    One that forks faster than it can be listed stays in its group: the group is killed at once.
    What remains of the race in `groups_of`: between the two, the last member of a group would have
    to end and be reaped by another, and its number to come round for the leader of a new group.
    """
    for group in killable(groups):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def killable(groups: Iterable[int]) -> frozenset[int]:
    """The groups that can be a workload's.

    To kill, 0 is the gate's own group and 1 (as -1) everybody; `Entry` has 0 and -1 for no group.
    """
    return frozenset(group for group in groups if group > 1 and group != os.getpgrp())


def send_signal(process: Process, number: signal.Signals) -> None:
    """Signal exactly this process: never another that was given its PID since."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        # The PID may have been given to another process between the listing and the opening;
        # while the descriptor is open it stays with the one that was opened.
        found = entry(process.pid)
        if found is not None and found.started == process.started:
            signal.pidfd_send_signal(handle, number)
    except (ProcessLookupError, PermissionError):
        return  # gone, or not ours to signal: whoever is left is named as a survivor
    finally:
        os.close(handle)


def reap(processes: Iterable[Process]) -> None:
    """Collect the exit status of dead children by PID, so that none stays a zombie."""
    for process in processes:
        with suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)
