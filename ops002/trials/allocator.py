"""Keeps what torch's allocator in the workload says of itself, as readings of the devices.

Never judged by itself: it says what was at stake, and what live bytes every fault adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ops002.measurement import (
    TORCH_ALLOCATED,
    TORCH_PEAK,
    TORCH_RESERVED,
    JudgedDevice,
    Reading,
)
from ops002.trials.recording import Recording
from ops002.workloads.torch_allocator import Figures, Told, TorchAllocator


class AllocatorReadings:
    """Of one workload; none at all where it has no such allocator."""

    def __init__(
        self, allocator: TorchAllocator, recording: Recording, devices: Sequence[JudgedDevice]
    ) -> None:
        """``devices`` in the order in which the workload sees them."""
        self._allocator = allocator
        self._recording = recording
        self._devices = [judged.device for judged in devices]

    def begin(self) -> None:
        """An attempt at a fault begins: its peaks count from here."""
        self._recording.keep_told(self._peaks(self._allocator.begin()))

    def finish(self) -> None:
        """The fault is over."""
        self._recording.keep_told(self._peaks(self._allocator.after))

    def settled(self) -> None:
        """A wait is over: what is live now belongs to its last snapshot."""
        sizes = [
            (device, instrument, size)
            for device, one in self._named(self._allocator.now())
            for instrument, size in (
                (TORCH_ALLOCATED, one.allocated),
                (TORCH_RESERVED, one.reserved),
            )
        ]
        self._recording.add_told(
            [Reading(device=device, instrument=name, bytes=size) for device, name, size in sizes]
        )

    def _peaks(self, told: Told) -> list[Reading]:
        return [
            Reading(device=device, instrument=TORCH_PEAK, bytes=one.peak)
            for device, one in self._named(told)
        ]

    def _named(self, told: Told) -> Iterator[tuple[str, Figures]]:
        """The figures by device; none where the workload sees other devices than it was given."""
        if told.devices and told.visible != len(self._devices):
            self._recording.add_health(
                f"torch sees {told.visible} devices and was given {len(self._devices)}: what its "
                "allocator says of them is left out"
            )
            return
        for one in told.devices:
            if one.device < len(self._devices):
                yield self._devices[one.device], one
