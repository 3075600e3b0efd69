"""How far memory rose during the faults: what a leak could have kept; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from ops002.measurement import JudgedDevice, Measurement, Missing, Phase, Reading, Snapshot, Stage
from ops002.verdict.shares import Shares, without_others


@dataclass(frozen=True)
class Stake:
    """What was at stake in one check, by the instrument that saw the most.

    The judging instrument counts from the check's baseline; where others may be on the device, what
    the workload's processes hold, else the device's without what others hold. Any other (a kernel
    high-water mark, the peak of torch's allocator) counts from its own first reading in the same
    fault: it has no baseline to share.
    """

    shares: Shares
    phase: Phase

    @property
    def most_bytes(self) -> int | None:
        """The largest rise; None where nothing was read."""
        rises = [*self._judged_rises(), *self._witnessed_rises()]
        return max(rises) if rises else None

    @property
    def _measurement(self) -> Measurement:
        return self.shares.measurement

    @property
    def _device(self) -> JudgedDevice:
        return self.shares.device

    def _judged_rises(self) -> Iterator[int]:
        for snapshot in chain.from_iterable(self._series()):
            rise = self._rise(snapshot)
            if rise is not None:
                yield max(0, rise)

    def _rise(self, snapshot: Snapshot) -> int | None:
        """Bytes that came to the workload since the baseline; None where that can't be told.

        What others take for a while isn't at stake: the device's rise is the workload's where what
        they hold is taken off, or where it is never told and they must be nobody.
        """
        if not self.shares.baseline:
            return None
        own = self._moved(self._device.own, snapshot)
        if own is not None:
            return own
        if not self._others_told:
            return self._moved(self._device.instrument, snapshot)
        first = without_others(self._device, self.shares.baseline[-1])
        now = without_others(self._device, snapshot)
        return None if first is None or now is None else now - first

    @property
    def _others_told(self) -> bool:
        """Whether it is told at the baseline what others hold, if others can be there at all."""
        at_baseline = self.shares.baseline[-1:]
        others = self._device.others
        return others is not None and self.shares.told(others, at_baseline)

    def _moved(self, instrument: str | None, snapshot: Snapshot) -> int | None:
        """How far an instrument is above the baseline, in bytes; below, if negative."""
        if instrument is None:
            return None
        first = self.shares.baseline[-1].reading(self._device.device, instrument)
        now = snapshot.reading(self._device.device, instrument)
        if not isinstance(first, Reading) or not isinstance(now, Reading):
            return None
        return now.bytes - first.bytes

    def _series(self) -> Iterator[tuple[Snapshot, ...]]:
        yield from self._faults()
        if self.phase is Phase.AFTER_EXIT:
            # What could stay behind after the exit is all that the workload ever held.
            yield from self._measurement.series(Stage.BASELINE)
            yield from self._measurement.series(Stage.AFTER_ERROR)

    def _faults(self) -> list[tuple[Snapshot, ...]]:
        """The snapshots of each fault's last attempt: those before it were healthy inferences."""
        last = {series[0].fault: series for series in self._measurement.series(Stage.FAULT)}
        return list(last.values())

    def _witnessed_rises(self) -> Iterator[int]:
        for series in self._faults():
            first: dict[str, int] = {}
            for reading in chain.from_iterable(snapshot.readings for snapshot in series):
                if reading.device != self._device.device or isinstance(reading, Missing):
                    continue
                if reading.instrument not in self._with_baseline:
                    start = first.setdefault(reading.instrument, reading.bytes)
                    yield max(0, reading.bytes - start)

    @property
    def _with_baseline(self) -> tuple[str | None, ...]:
        return self._device.instrument, self._device.own, self._device.others
