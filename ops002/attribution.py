"""Who holds retained bytes; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ops002.measurement import Measurement, Process, ProcessMemory, Stage


class HolderKind(str, Enum):
    """What kind of thing holds memory."""

    PROCESS = "process"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One holder. Figures and places that aren't known are None."""

    kind: HolderKind
    bytes: int | None
    pid: int | None
    name: str
    file: str | None
    line: int | None
    detail: str


def name_holders(measurement: Measurement) -> tuple[Holder, ...]:
    """The holders that the evidence shows, the biggest first."""
    holders = [_survivor(process, measurement) for process in measurement.survivors]
    return tuple(sorted(holders, key=lambda holder: holder.bytes or 0, reverse=True))


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
