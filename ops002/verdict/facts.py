"""The figures of one check, derived from the raw snapshots of a measurement; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median_low

from ops002.measurement import (
    TORCH_ALLOCATED,
    JudgedDevice,
    Measurement,
    Missing,
    Phase,
    Reading,
    Snapshot,
    Stage,
)
from ops002.settle import holds_still, last_window
from ops002.verdict.growth import NOT_JUDGED, Growth, judge_growth, worst_growth
from ops002.verdict.limits import Limits
from ops002.verdict.neighbours import Move, furthest, moves
from ops002.verdict.noise import Noise
from ops002.verdict.shares import Shares, without_others
from ops002.verdict.stake import Stake

_BASELINE_OF = {Phase.AFTER_ERROR: Stage.BASELINE, Phase.AFTER_EXIT: Stage.BEFORE_START}
_Level = Callable[[tuple[Snapshot, ...], str], int | None]
_POST_OF = {Phase.AFTER_ERROR: Stage.AFTER_ERROR, Phase.AFTER_EXIT: Stage.AFTER_EXIT}


@dataclass(frozen=True)
class CheckFacts:
    """One phase on one device. A figure is None where nothing was measured to derive it from."""

    measurement: Measurement
    device: JudgedDevice
    phase: Phase
    limits: Limits

    @cached_property
    def _baseline(self) -> tuple[Snapshot, ...]:
        series = self.measurement.series(_BASELINE_OF[self.phase])
        return series[-1] if series else ()

    @cached_property
    def _posts(self) -> tuple[tuple[Snapshot, ...], ...]:
        posts = self.measurement.series(_POST_OF[self.phase])
        accepted = self.phase is Phase.AFTER_ERROR and self.limits.accept_held_until_gc
        if accepted and self._collected:
            # What comes back when Python collects cycles is accepted: that reading is judged.
            return (*posts[:-1], *self._collected)
        return posts

    @cached_property
    def _collected(self) -> tuple[tuple[Snapshot, ...], ...]:
        return self.measurement.series(Stage.AFTER_COLLECT)

    @cached_property
    def _controls(self) -> tuple[tuple[Snapshot, ...], ...]:
        """The waits after healthy inferences that say something about this phase."""
        alive = Phase.AFTER_ERROR in self.measurement.phases
        apart = alive and self.phase is Phase.AFTER_EXIT
        return () if apart else self.measurement.series(Stage.CONTROL)

    @cached_property
    def _post(self) -> tuple[Snapshot, ...]:
        return self._posts[-1] if self._posts else ()

    @property
    def baseline_bytes(self) -> int | None:
        """The last reading of the baseline's wait."""
        return self._last(self._baseline)

    @property
    def post_error_bytes(self) -> int | None:
        """The last reading of the last wait after the faults."""
        return self._last(self._post)

    @property
    def delta_bytes(self) -> int | None:
        """Post-error minus baseline, signed."""
        if self.baseline_bytes is None or self.post_error_bytes is None:
            return None
        return self.post_error_bytes - self.baseline_bytes

    @property
    def shares(self) -> Shares:
        """What the workload and others hold of a device that others may be on."""
        return Shares(self.measurement, self.device, self._baseline, self._post)

    @property
    def own_retained_bytes(self) -> int | None:
        """What the workload's own processes hold more at least; None where that isn't told."""
        settled = self.own_settled_delta_bytes
        return self.shares.least_own_delta_bytes if settled is None else settled

    @property
    def own_settled_delta_bytes(self) -> int | None:
        """What they hold more, signed; None where that isn't told, or never held still."""
        still = self._own_still(self._baseline) and self._own_still(self._post)
        return self.shares.own_delta_bytes if still else None

    @cached_property
    def foreign_moves(self) -> tuple[Move, ...]:
        """What others did, if more than the band: between the waits, else where one must be still.

        Nothing where that isn't told.
        """
        found = (moves(self.device, *pair) or () for pair in self._moments())
        return next((moved for moved in found if furthest(moved) > self.limits.band_bytes), ())

    def _moments(self) -> Iterator[tuple[Snapshot, Snapshot]]:
        """The moments between which others may have moved, the earlier first."""
        if self._baseline and self._post:
            yield self._baseline[-1], self._post[-1]
        theirs = replace(self.device, instrument=self.device.others or "")
        for series in (self._baseline, self._post):
            values = last_window(series, theirs, self.limits.window)
            if values is not None:
                window = series[-len(values) :]
                least, most = values.index(min(values)), values.index(max(values))
                yield window[min(least, most)], window[max(least, most)]

    @property
    def settle_seconds(self) -> float | None:
        """How long the last wait took."""
        return self._post[-1].seconds - self._post[0].seconds if self._post else None

    def bytes_after(self, fault: int) -> int | None:
        """The settled bytes after one fault: alive where it stayed alive, else after its exit."""
        return self._last(self._waits_after.get(fault, ()))

    @cached_property
    def _waits_after(self) -> dict[int | None, tuple[Snapshot, ...]]:
        """By fault: looked up for each of them, so the snapshots are gone through once."""
        alive, gone = map(self.measurement.series, (Stage.AFTER_ERROR, Stage.AFTER_EXIT))
        # Backwards: of several waits after a fault the first counts.
        return {series[0].fault: series for series in reversed((*alive, *gone))}

    def later_faults_add_nothing(self) -> bool:
        """Whether there were several faults, and the later half of them added no more than noise.

        By the workload's own figure, too, where that is told.
        """
        noise = self.limits.band_bytes + (self.noise.bytes or 0)
        own = self._levels_off(self.device.own or "", noise)
        return self._levels_off(self.device.instrument, noise) is True and own is not False

    def _levels_off(self, instrument: str, noise: int) -> bool | None:
        """None where that isn't told."""
        levels = [self._level(wait, instrument) for wait in self._posts]
        told = [level for level in levels if level is not None]
        if len(told) < len(levels) or len(told) < 2:  # noqa: PLR2004 (one says nothing of the next)
            return None
        return told[-1] - told[(len(told) - 1) // 2] <= noise

    def judged_sizes(self) -> list[int]:
        """Every reading of the judging instrument, at any stage."""
        readings = (
            snapshot.reading(self.device.device, self.device.instrument)
            for snapshot in self.measurement.snapshots
        )
        return [reading.bytes for reading in readings if isinstance(reading, Reading)]

    def unreadable(self) -> bool:
        """Whether a reading that the check rests on could not be taken."""
        waits = (self._baseline, *self._controls, *self._posts)
        unread = any(isinstance(self._newest(series), Missing) for series in waits)
        return unread or self.shares.lost()

    def settled(self) -> bool:
        """Whether the baseline and the last wait held still, and every fault was waited for."""
        alive = Phase.AFTER_ERROR in self.measurement.phases
        # A workload that outlives its faults exits once.
        due = 1 if self.phase is Phase.AFTER_EXIT and alive else self.limits.repeat
        return (
            len(self._posts) >= due
            and all(self._last(series) is not None for series in self._posts)
            and self._still(self._baseline)
            and self._still(self._post)
        )

    def delta_bounds(self) -> tuple[int, int] | None:
        """The least and the most that the delta can have been, given how readings moved.

        Of a wait that held still its last reading stands for all; of one that didn't, every
        reading counts.
        """
        baseline, post = self._bounds(self._baseline), self._bounds(self._post)
        if baseline is None or post is None:
            return None
        return post[0] - baseline[1], post[1] - baseline[0]

    def _bounds(self, series: tuple[Snapshot, ...]) -> tuple[int, int] | None:
        last = self._last(series)
        if last is None:
            return None
        if self._still(series):
            return last, last
        sizes = [
            reading.bytes
            for reading in (self._reading(snapshot) for snapshot in series)
            if isinstance(reading, Reading)
        ]
        return min(sizes), max(sizes)

    def collected_delta_bytes(self) -> int | None:
        """The delta after Python's collector ran; None if it wasn't asked to."""
        collected = self._last(self._collected[-1]) if self._collected else None
        if collected is None or self.baseline_bytes is None:
            return None
        return collected - self.baseline_bytes

    @property
    def noise(self) -> Noise:
        """How far readings move without a leak."""
        window = self.limits.window
        return Noise(self.device, self._controls, self._baseline, self._post, window)

    @cached_property
    def growth(self) -> Growth:
        """Whether every fault adds memory: judged where each fault has a settled level.

        Where others may be on the device, by the workload's own bytes and by all that isn't
        others', each if it is told at every point; else by the device's. And by live tensors where
        torch's allocator counts them. The worst of them counts.
        """
        told = [self._growth_by(self.device.instrument, self._level_without_others)]
        if self.phase is Phase.AFTER_ERROR and self.device.own is not None:
            told.append(self._growth_by(self.device.own, self._level))
        if not any(growth.judged for growth in told):
            told.append(self._growth_by(self.device.instrument, self._level, everywhere=False))
        return worst_growth([*told, self._growth_by(TORCH_ALLOCATED, self._told_last)])

    def _growth_by(self, instrument: str, level: _Level, *, everywhere: bool = True) -> Growth:
        """Growth of levels; ``everywhere``: if one is missing before the faults, none is judged."""
        waits = self.measurement.series(_POST_OF[self.phase])
        inferences = self.measurement.series(Stage.AFTER_INFERENCE)
        levels = [size for size in (level(wait, instrument) for wait in waits) if size is not None]
        before = [level(wait, instrument) for wait in (*self._controls, self._baseline)]
        controls = [size for size in before if size is not None]
        missing = everywhere and len(controls) < len(before)
        if missing or not len(levels) == len(waits) == self.limits.repeat:
            return NOT_JUDGED
        after = level(inferences[-1], instrument) if inferences else None
        return judge_growth(levels, controls, instrument, after)

    def _level(self, series: tuple[Snapshot, ...], instrument: str) -> int | None:
        """Settled bytes, as the median of the last window: less noise than its last reading."""
        values = last_window(
            series, replace(self.device, instrument=instrument), self.limits.window
        )
        return None if values is None else median_low(values)

    def _level_without_others(self, series: tuple[Snapshot, ...], _instrument: str) -> int | None:
        values = last_window(series, self.device, self.limits.window) or ()
        sizes = [without_others(self.device, one) for one in series[len(series) - len(values) :]]
        told = [size for size in sizes if size is not None]
        return median_low(told) if told and len(told) == len(sizes) else None

    def _told_last(self, series: tuple[Snapshot, ...], instrument: str) -> int | None:
        """Bytes that are told once per wait, at its end."""
        reading = series[-1].reading(self.device.device, instrument) if series else None
        return reading.bytes if isinstance(reading, Reading) else None

    @property
    def at_stake_bytes(self) -> int | None:
        """How far memory rose during the faults: see `Stake`."""
        return Stake(self.shares, self.phase).most_bytes

    def _own_still(self, series: tuple[Snapshot, ...]) -> bool:
        alone = replace(self.device, instrument=self.device.own or "", others=None)
        return holds_still(series, alone, window=self.limits.window, band=self.limits.band_bytes)

    def _still(self, series: tuple[Snapshot, ...]) -> bool:
        return holds_still(
            series, self.device, window=self.limits.window, band=self.limits.band_bytes
        )

    def _reading(self, snapshot: Snapshot) -> Reading | Missing | None:
        return snapshot.reading(self.device.device, self.device.instrument)

    def _newest(self, series: tuple[Snapshot, ...]) -> Reading | Missing | None:
        return self._reading(series[-1]) if series else None

    def _last(self, series: tuple[Snapshot, ...]) -> int | None:
        newest = self._newest(series)
        return newest.bytes if isinstance(newest, Reading) else None
