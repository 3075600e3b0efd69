"""A device that others may be on: what the workload holds of it, and what others do. Pure.

The device's own figure is judged; these say what it means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops002.measurement import JudgedDevice, Measurement, Missing, Reading, Snapshot


@dataclass(frozen=True)
class Shares:
    """The shares of one check, between its baseline and its last wait after the faults."""

    measurement: Measurement
    device: JudgedDevice
    baseline: tuple[Snapshot, ...]
    post: tuple[Snapshot, ...]

    @property
    def own_delta_bytes(self) -> int | None:
        """How much more the workload's processes hold; None where that isn't told."""
        if self.device.own is None or not self.baseline or not self.post:
            return None
        before = self.baseline[-1].reading(self.device.device, self.device.own)
        after = self.post[-1].reading(self.device.device, self.device.own)
        if not isinstance(before, Reading) or not isinstance(after, Reading):
            return None
        return after.bytes - before.bytes

    @property
    def least_own_delta_bytes(self) -> int | None:
        """The least that the workload's processes held more, of all that was read in both waits."""
        before = self._sizes(self.baseline)
        after = self._sizes(self.post)
        return min(after) - max(before) if before and after else None

    @property
    def unlisted_delta_bytes(self) -> int | None:
        """How much more of the device belongs to nobody that is listed; None if that isn't told."""
        if not self.baseline or not self.post:
            return None
        before = unlisted_bytes(self.device, self.baseline[-1])
        after = unlisted_bytes(self.device, self.post[-1])
        return None if before is None or after is None else after - before

    def never_used(self) -> bool:
        """Whether no process of the workload was ever on the device, as far as can be told."""
        own = self._readings(self.device.own)
        told = all(isinstance(reading, Reading) and reading.bytes == 0 for reading in own)
        return bool(own) and told

    def lost(self) -> bool:
        """Whether a share that was told at some time wasn't where the delta is taken.

        Of the workload a driver that never tells sizes tells 0, until it is there. That nobody else
        was there is told for good: who came without a size, or while no list was, might leave again
        with what the workload keeps.
        """
        own, others = self.device.own, self.device.others
        return self._lost(own, told=1) or self._lost(others, told=0)

    def told(self, instrument: str, snapshots: Sequence[Snapshot]) -> bool:
        """Whether an instrument that was asked always answered."""
        return not any(
            isinstance(snapshot.reading(self.device.device, instrument), Missing)
            for snapshot in snapshots
        )

    @property
    def _ends(self) -> tuple[Snapshot, ...]:
        return (*self.baseline[-1:], *self.post[-1:])

    def _lost(self, instrument: str | None, *, told: int) -> bool:
        """Whether so many bytes were told at some time, and nothing at an end."""
        if instrument is None or self.told(instrument, self._ends):
            return False
        return any(
            isinstance(reading, Reading) and reading.bytes >= told
            for reading in self._readings(instrument)
        )

    def _sizes(self, series: Sequence[Snapshot]) -> list[int]:
        readings = (one.reading(self.device.device, self.device.own or "") for one in series)
        return [reading.bytes for reading in readings if isinstance(reading, Reading)]

    def _readings(self, instrument: str | None) -> list[Reading | Missing]:
        return [
            reading
            for snapshot in self.measurement.snapshots
            for reading in snapshot.readings
            if reading.device == self.device.device and reading.instrument == instrument
        ]


def unlisted_bytes(device: JudgedDevice, snapshot: Snapshot) -> int | None:
    """What of a device belongs to no process that is listed; None where that isn't told."""
    instruments = (device.instrument, device.own, device.others)
    told = [snapshot.reading(device.device, one) for one in instruments if one is not None]
    sizes = [reading.bytes for reading in told if isinstance(reading, Reading)]
    if len(sizes) < len(instruments):
        return None
    used, own, others = sizes
    return used - own - others


def without_others(device: JudgedDevice, snapshot: Snapshot) -> int | None:
    """What of a device isn't others', in bytes; None where that isn't told.

    It is the workload's, the driver's, and what belongs to no process that is listed.
    """
    used = snapshot.reading(device.device, device.instrument)
    others = snapshot.reading(device.device, device.others or "")
    if not isinstance(used, Reading) or not isinstance(others, Reading):
        return None
    return used.bytes - others.bytes
