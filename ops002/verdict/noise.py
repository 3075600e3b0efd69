"""How far a device's readings move without a leak; pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Final

from ops002.measurement import JudgedDevice, Reading, Snapshot
from ops002.settle import last_window
from ops002.verdict.shares import without_others

_CONTROL_SPREADS: Final = 6

Wait = tuple[Snapshot, ...]


@dataclass(frozen=True)
class Noise:
    """What moves within the waits that are compared, and over healthy inferences.

    Without what others hold, where every reading tells that and what the workload holds: then no
    leak hides behind them. ``window`` is in seconds.
    """

    device: JudgedDevice
    controls: tuple[Wait, ...]
    baseline: Wait
    post: Wait
    window: float

    def control_bytes(self) -> tuple[int, ...]:
        """The settled bytes after each healthy inference of the control, then the baseline."""
        waits = (*self.controls, self.baseline)
        settled = (self._size(series[-1]) for series in waits if series)
        return tuple(size for size in settled if size is not None)

    @property
    def control_spread_bytes(self) -> int:
        """How far healthy inferences alone moved memory."""
        sizes = self.control_bytes()
        return max(sizes) - min(sizes) if sizes else 0

    @property
    def bytes(self) -> int | None:
        """How far readings move without a leak: one that exceeds the tolerance by less can hide.

        Within the waits of the baseline and after the last fault, and from wait to wait: six times
        as far as healthy inferences moved memory. So few waits say little of how far another may
        be off; with six times, white noise passes a larger leak about once in ten thousand trials.
        None where one of the two waits has no whole window.
        """
        spreads = [self._spread(series) for series in (self.baseline, self.post)]
        known = [spread for spread in spreads if spread is not None]
        if len(known) < len(spreads):
            return None
        return sum(known) + _CONTROL_SPREADS * self.control_spread_bytes

    def _spread(self, series: Wait) -> int | None:
        values = last_window(series, self.device, self.window)
        if values is None:
            return None
        sizes = [self._size(snapshot) for snapshot in series[-len(values) :]]
        known = [size for size in sizes if size is not None]
        return max(known) - min(known)

    def _size(self, snapshot: Snapshot) -> int | None:
        if self._apart:
            return without_others(self.device, snapshot)
        used = snapshot.reading(self.device.device, self.device.instrument)
        return used.bytes if isinstance(used, Reading) else None

    @cached_property
    def _apart(self) -> bool:
        taken = tuple(chain.from_iterable((*self.controls, self.baseline, self.post)))
        return all(
            isinstance(snapshot.reading(self.device.device, instrument or ""), Reading)
            for snapshot in taken
            for instrument in (self.device.own, self.device.others)
        )
