"""Who holds retained bytes, and who else moved; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ops002.facts import CheckFacts
from ops002.limits import Limits
from ops002.measurement import Measurement, Process, ProcessMemory, Stage
from ops002.neighbours import NOBODY, Move
from ops002.swept import Kept, PointGroup, figures_of
from ops002.units import show_size

_NAMED: Final = 5
"""Of the neighbours that moved on a device, those that moved most."""


_LONGEST_NUMBER: Final = 10
_KEPT_WORDS: Final = {
    Kept.KEPT: "kept when",
    Kept.KEPT_EACH_TIME: "kept each time that",
    Kept.HELD_UNTIL_GC: "held until Python's collector runs when",
}


class HolderKind(str, Enum):
    """What kind of thing holds memory."""

    PROCESS = "process"
    NEIGHBOUR = "neighbour"  # a process that isn't the workload's, and moved
    UNLISTED = "unlisted"  # nobody that the driver lists
    POINT = "point"  # a line at which running out of memory leaves it held


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One holder. Figures and places that aren't known are None.

    ``detail`` says how it comes to hold them; of a neighbour, what it did.
    """

    kind: HolderKind
    bytes: int | None
    pid: int | None
    name: str
    file: str | None
    line: int | None
    detail: str


def name_holders(measurement: Measurement, limits: Limits) -> tuple[Holder, ...]:
    """The holders that the evidence shows: of each kind the biggest first, neighbours by moves."""
    survivors = [_survivor(process, measurement) for process in measurement.survivors]
    survivors.sort(key=lambda holder: holder.bytes or 0, reverse=True)
    checks = [
        CheckFacts(measurement, device, phase, limits)
        for phase in measurement.phases
        for device in measurement.devices
    ]
    unlisted = (holder for facts in checks for holder in _unlisted(facts))
    neighbours = (
        _neighbour(move, facts.device.device)
        for facts in checks
        for move in facts.foreign_moves[:_NAMED]
    )
    points = () if measurement.sweep is None else figures_of(measurement.sweep).groups[:_NAMED]
    # What is so after the error is so after the exit, mostly.
    return (*survivors, *map(_point, points), *dict.fromkeys((*unlisted, *neighbours)))


def _point(group: PointGroup) -> Holder:
    place, _, function = group.place.rpartition(" in ")
    file, _, line = place.rpartition(":")
    known = line.isdecimal() and len(line) < _LONGEST_NUMBER
    at = "at one point" if group.points == 1 else f"at {group.points} points"
    return Holder(
        kind=HolderKind.POINT,
        bytes=group.bytes,
        pid=None,
        name=group.operator,
        file=file if known else None,
        line=int(line) if known else None,
        detail=f"{_KEPT_WORDS[group.kept]} {group.operator} runs out of memory {at} in {function}",
    )


def _survivor(process: Process, measurement: Measurement) -> Holder:
    return Holder(
        kind=HolderKind.PROCESS,
        bytes=_last_bytes(process, measurement),
        pid=process.pid,
        name=process.name,
        file=None,
        line=None,
        detail=f"alive after the workload's exit: {process.command}",
    )


def _last_bytes(process: Process, measurement: Measurement) -> int | None:
    parts: list[ProcessMemory] = [
        part
        for snapshot in measurement.snapshots
        if snapshot.stage is Stage.AFTER_EXIT
        for part in snapshot.processes
        if part.pid == process.pid
    ]
    last = parts[-1].bytes if parts else None
    return last if isinstance(last, int) else None


def _neighbour(move: Move, device: str) -> Holder:
    return Holder(
        kind=HolderKind.NEIGHBOUR,
        bytes=move.after or 0,
        pid=move.pid,
        name=move.name,
        file=None,
        line=None,
        detail=_what_it_did(move, device),
    )


def _what_it_did(move: Move, device: str) -> str:
    size = show_size(abs(move.change))
    if move.before is None:
        return f"came to {device} with {size}"
    if move.after is None:
        return f"left {device} with {size}"
    return f"took {size} more on {device}" if move.change > 0 else f"gave back {size} on {device}"


def _unlisted(facts: CheckFacts) -> Iterator[Holder]:
    """Nobody, where most of what came is nobody's."""
    retained, nobodys = facts.delta_bytes, facts.shares.unlisted_delta_bytes
    if retained is None or nobodys is None:
        return
    if retained > facts.limits.tolerance_bytes and 2 * nobodys >= retained:
        yield Holder(
            kind=HolderKind.UNLISTED,
            bytes=nobodys,
            pid=None,
            name="no listed process",
            file=None,
            line=None,
            detail=f"on {facts.device.device} belong to {NOBODY}",
        )
