"""Who is on a device before the workload is: named, and refused where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ops002.measurement import JudgedDevice, Missing, Owner, ProcessMemory, Reading, Snapshot
from ops002.probes import Probe
from ops002.process_table import running_seconds
from ops002.trials.recording import Recording
from ops002.units import format_size, show_size
from ops002.verdict.neighbours import DRIVERS_OWN_BYTES, NOBODY, presented
from ops002.verdict.shares import unlisted_bytes

_NAMED: Final = 5


class DirtyDevice(Exception):
    """Others are on the device, and must not be: says who."""


def look_for_others(
    recording: Recording, before: Snapshot, probe: Probe, *, exclusive: bool
) -> None:
    """Note who is on the devices before the start.

    Raises:
        DirtyDevice: somebody is and the device was to be exclusive, or nobody can say who is.
    """
    for remark in remarks_on_others(before, probe.devices, exclusive=exclusive):
        recording.add_health(remark)


def remarks_on_others(
    before: Snapshot, devices: Sequence[JudgedDevice], *, exclusive: bool
) -> Iterator[str]:
    """Who is on the devices, or that nobody can say so; pure.

    Raises:
        DirtyDevice: as `look_for_others`.
    """
    for device in devices:
        if device.others is None:
            continue  # a device that nobody else can be on
        there = list(_others(before, device))
        yield from _must_be_told(before, device, there, exclusive=exclusive)
        if there and exclusive:
            raise DirtyDevice(
                f"{_named(there)} on {device.device}, and exclusive is asked for: end them, or "
                "give the gate a device of its own"
            )
        if there:
            yield f"on {device.device} before the start: {_named(there)}"
        unlisted = unlisted_bytes(device, before)
        if unlisted is not None and unlisted > DRIVERS_OWN_BYTES:
            yield (
                f"on {device.device} before the start: {show_size(unlisted)} that belong to "
                f"{NOBODY}"
            )


def _must_be_told(
    before: Snapshot, device: JudgedDevice, there: list[ProcessMemory], *, exclusive: bool
) -> Iterator[str]:
    """Where nobody says who holds what of the device, it must be the gate's own."""
    assert device.others is not None
    others = before.reading(device.device, device.others)
    used = before.reading(device.device, device.instrument)
    if not isinstance(others, Missing) or not isinstance(used, Reading):
        return
    if there or exclusive or used.bytes > DRIVERS_OWN_BYTES:
        who = _named(there) if there else f"{format_size(used.bytes)} in use"
        raise DirtyDevice(
            f"{who} on {device.device} before the start, and who holds how much can't be told "
            f"({others.missing}): end whatever is on it, or give the gate a device of its own"
        )
    yield f"who is on {device.device} can't be told ({others.missing}): nobody else, it was assumed"


def _others(before: Snapshot, device: JudgedDevice) -> Iterator[ProcessMemory]:
    for part in before.processes:
        if part.device == device.device and part.owner is Owner.OTHER:
            yield part


def _named(parts: list[ProcessMemory]) -> str:
    more = len(parts) - _NAMED
    named = "; ".join(map(_presented, parts[:_NAMED]))
    return f"{named}; and {more} more" if more > 0 else named


def _presented(part: ProcessMemory) -> str:
    size = part.bytes if isinstance(part.bytes, int) else None
    return presented(part.name, part.pid, size, running_seconds(part.pid))
