"""How far memory rose during the faults: what a leak could have kept; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from ops002.measurement import JudgedDevice, Measurement, Missing, Phase, Reading, Snapshot, Stage
from ops002.shares import Shares


@dataclass(frozen=True)
class Stake:
    """What was at stake in one check, by the instrument that saw the most.

    The judging instrument counts from the check's baseline, unless others may be on the device:
    then what the workload's processes hold does. Any other (a kernel high-water mark, the peak of
    torch's allocator) counts from its own first reading in the same fault: it has no baseline to
    share.
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
        instrument = self._instrument()
        first = None
        if self.shares.baseline:
            first = self.shares.baseline[-1].reading(self._device.device, instrument)
        if isinstance(first, Reading):
            for snapshot in chain.from_iterable(self._series()):
                reading = snapshot.reading(self._device.device, instrument)
                if isinstance(reading, Reading):
                    yield max(0, reading.bytes - first.bytes)

    def _instrument(self) -> str:
        """What others take for a while isn't at stake, where it can be told apart."""
        taken = (*self.shares.baseline[-1:], *chain.from_iterable(self._series()))
        own = self._device.own
        return own if own is not None and self.shares.told(own, taken) else self._device.instrument

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
