"""Other processes on a device: what each of them took or gave back between two moments. Pure.

A process that comes and one that leaves don't make up for each other: either may be an orphan of
the workload's that nobody has recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ops002.measurement import JudgedDevice, Owner, ProcessMemory, Reading, Snapshot
from ops002.units import show_duration, show_size

DRIVERS_OWN_BYTES: Final = 512 * 1024**2
"""512 MiB. What an idle card has in use for its driver stays below it; two neighbours don't."""

NOBODY: Final = (
    "no process that the driver lists: an orphan in another PID namespace, or memory of the "
    "driver's own"
)


def presented(name: str, pid: int, size_bytes: int | None, seconds: float | None) -> str:
    """Who is on a device, how much it holds and for how long it has run, as far as known."""
    held = "size unknown" if size_bytes is None else show_size(size_bytes)
    age = "" if seconds is None else f", running for {show_duration(seconds)}"
    return f"{name} (PID {pid}), {held}{age}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What one process held of a device, in bytes, at two moments; None where it wasn't there.

    ``pid`` is None for those together that aren't recorded one by one.
    """

    pid: int | None
    name: str
    before: int | None
    after: int | None

    @property
    def change(self) -> int:
        """Bytes that it holds more; fewer, if negative."""
        return (self.after or 0) - (self.before or 0)


def moves(device: JudgedDevice, before: Snapshot, after: Snapshot) -> tuple[Move, ...] | None:
    """What everybody else did on a device, the most first; None where that isn't told."""
    held, holds = _Others.of(device, before), _Others.of(device, after)
    if held is None or holds is None:
        return None
    apart = {pid for pid in {**held.sizes, **holds.sizes} if held.knows(pid) and holds.knows(pid)}
    names = {**held.names, **holds.names}
    found = [
        Move(
            pid=pid,
            name=names[pid],
            before=held.sizes.get(pid),
            after=holds.sizes.get(pid),
        )
        for pid in apart
    ]
    rest = Move(
        pid=None,
        name="other processes",
        before=held.total - sum(move.before or 0 for move in found),
        after=holds.total - sum(move.after or 0 for move in found),
    )
    changed = [move for move in (*found, rest) if move.change]
    return tuple(sorted(changed, key=lambda move: (-abs(move.change), move.pid or 0)))


def furthest(found: Sequence[Move]) -> int:
    """Bytes that all who took some have taken, or that the others have given back, if more."""
    changes = [move.change for move in found]
    taken = sum(change for change in changes if change > 0)
    return max(taken, taken - sum(changes))


@dataclass(frozen=True, slots=True)
class _Others:
    """What all the others hold together, and each that is recorded; some may be left out."""

    total: int
    sizes: dict[int, int]
    names: dict[int, str]

    @classmethod
    def of(cls, device: JudgedDevice, snapshot: Snapshot) -> _Others | None:
        told = snapshot.reading(device.device, device.others) if device.others else None
        if not isinstance(told, Reading):
            return None
        sizes: dict[int, int] = {}
        names = {}
        for part in snapshot.processes:
            if _is_anothers(part, device) and isinstance(part.bytes, int):
                sizes[part.pid] = sizes.get(part.pid, 0) + part.bytes
                names[part.pid] = part.name
        return cls(told.bytes, sizes, names)

    def knows(self, pid: int) -> bool:
        """Whether it can be told what a process holds: one that isn't recorded may be left out."""
        return pid in self.sizes or self.total == sum(self.sizes.values())


def _is_anothers(part: ProcessMemory, device: JudgedDevice) -> bool:
    return part.device == device.device and part.owner is Owner.OTHER
