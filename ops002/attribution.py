"""Who holds retained bytes, and who else moved; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ops002.holders import Holder, HolderKind, holders_inside
from ops002.measurement import (
    Measurement,
    Missing,
    Owner,
    Phase,
    Process,
    ProcessMemory,
    Source,
    Stage,
)
from ops002.units import show_size
from ops002.verdict.facts import CheckFacts
from ops002.verdict.limits import Limits
from ops002.verdict.neighbours import NOBODY, Move
from ops002.verdict.swept import Kept, PointGroup, figures_of

_NAMED: Final = 5
"""Of the neighbours that moved on a device, those that moved most."""


_LONGEST_NUMBER: Final = 10
_KEPT_WORDS: Final = {
    Kept.KEPT: "kept when",
    Kept.KEPT_EACH_TIME: "kept each time that",
    Kept.HELD_UNTIL_GC: "held until Python's collector runs when",
}


def name_holders(measurement: Measurement, limits: Limits) -> tuple[Holder, ...]:
    """The holders that the evidence shows, inside the workload first, then processes.

    Of each kind the biggest first, neighbours by their moves.
    """
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
    inside = holders_inside(measurement)
    outside = dict.fromkeys((*unlisted, *neighbours))
    return (*inside, *_elsewhere(checks, inside), *map(_point, points), *survivors, *outside)


def _point(group: PointGroup) -> Holder:
    place, _, function = group.place.rpartition(" in ")
    file, _, line = place.rpartition(":")
    known = line.isdecimal() and len(line) < _LONGEST_NUMBER
    at = "at one point" if group.points == 1 else f"at {group.points} points"
    return Holder(
        kind=HolderKind.POINT,
        source=Source.WORKLOAD,
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
        source=Source.KERNEL,
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
        source=Source.DRIVER,
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
            source=Source.DRIVER,
            bytes=nobodys,
            pid=None,
            name="no listed process",
            file=None,
            line=None,
            detail=f"on {facts.device.device} belong to {NOBODY}",
        )


def _elsewhere(checks: Sequence[CheckFacts], inside: Sequence[Holder]) -> Iterator[Holder]:
    """Where most of what was retained is nowhere in what Python knows of the process asked."""
    asked = checks[0].measurement.retention if checks else None
    for facts in checks if asked is not None else ():
        retained = facts.delta_bytes or 0
        rest = retained - sum(holder.bytes or 0 for holder in inside)
        if facts.phase is not Phase.AFTER_ERROR or retained <= facts.limits.tolerance_bytes:
            continue
        if asked is not None and 2 * rest > retained:
            grown = [one for one in _grown(facts) if one.pid != asked.pid]
            yield from grown or [_native(asked.pid, rest, facts.device.device)]


def _grown(facts: CheckFacts) -> list[Holder]:
    """The workload's processes that hold more than at the baseline, by more than the tolerance."""
    before = _parts(facts.measurement, Stage.BASELINE, facts.device.device)
    after = _parts(facts.measurement, Stage.AFTER_ERROR, facts.device.device)
    return [
        Holder(
            kind=HolderKind.PROCESS,
            source=Source.KERNEL,
            bytes=size - before.get(part, 0),
            pid=part[0],
            name=part[1],
            file=None,
            line=None,
            detail="a process of the workload's, not the one that the fault was forced in",
        )
        for part, size in after.items()
        if size - before.get(part, 0) > facts.limits.tolerance_bytes
    ]


def _parts(measurement: Measurement, stage: Stage, device: str) -> dict[tuple[int, str], int]:
    """Bytes of each of the workload's processes at the end of a stage."""
    waits = measurement.series(stage)
    return {
        (part.pid, part.name): part.bytes
        for part in (waits[-1][-1].processes if waits else ())
        if part.device == device
        and part.owner is Owner.WORKLOAD
        and not isinstance(part.bytes, Missing)
    }


def _native(pid: int, size: int, device: str) -> Holder:
    return Holder(
        kind=HolderKind.NATIVE,
        source=Source.WORKLOAD,
        bytes=size,
        pid=pid,
        name="native code",
        file=None,
        line=None,
        detail=(
            f"{show_size(size)} on {device} belong to nothing that Python's collector knows: "
            "memory of a library's own, files in memory, or small objects"
        ),
    )
