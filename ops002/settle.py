"""Waiting until memory holds still: the rule (pure), and the wait that follows it.

The verdict applies the same rule to the recorded snapshots, so "settled" is never just claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ops002.measurement import JudgedDevice, Reading, Snapshot

MIN_READINGS: Final = 3
"""Two readings can be equal by chance of timing; a window holds at least three."""

LEAST_READINGS: Final = 10
"""Readings that fit into a timeout, whatever they cost: too few would never hold still."""

COST_SHARE: Final = 25
"""An interval is at least this many times what a reading costs: less than 5 % of a core, and the
reading (which holds the process's memory-map lock) hardly slows what it watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleRule:
    """When readings count as still. Times in seconds, ``band`` in bytes."""

    timeout: float
    window: float
    interval: float
    band: int


class Sleeper(Protocol):
    """The part of the clock that waiting needs."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...


def last_window(
    series: Sequence[Snapshot], device: JudgedDevice, window: float
) -> tuple[int, ...] | None:
    """The readings (bytes) of the last ``window`` seconds; at least three, else the window grows.

    None if the series is too short, or if any of those readings is missing.
    """
    values: list[int] = []
    for snapshot in reversed(series):
        reading = snapshot.reading(device.device, device.instrument)
        if not isinstance(reading, Reading):
            return None
        values.append(reading.bytes)
        if series[-1].seconds - snapshot.seconds >= window and len(values) >= MIN_READINGS:
            return tuple(reversed(values))
    return None


def holds_still(
    series: Sequence[Snapshot], device: JudgedDevice, *, window: float, band: int
) -> bool:
    """Whether the last window's readings of a device differ by no more than the band (bytes).

    Nor what others hold of it, where that is told: what one takes may be what another gives back.
    """
    values = last_window(series, device, window)
    still = values is not None and max(values) - min(values) <= band
    return still and others_hold_still(series, device, window=window, band=band)


def others_hold_still(
    series: Sequence[Snapshot], device: JudgedDevice, *, window: float, band: int
) -> bool:
    """Whether others moved by no more than the band (bytes) in the last window, as far as told."""
    if device.others is None:
        return True
    values = last_window(series, replace(device, instrument=device.others), window)
    return values is None or max(values) - min(values) <= band


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """One wait: how to take a snapshot, on which devices to judge it, when it is good enough.

    ``good_enough`` says whether a still snapshot may end the wait early; one that is still and not
    good enough is waited on to the timeout, because memory often comes back a second later.
    ``quiesce`` is repeated before each further window: what was freed meanwhile went to a cache.
    """

    take: Callable[[], Snapshot]
    devices: tuple[JudgedDevice, ...]
    rule: SettleRule
    good_enough: Callable[[Snapshot], bool] = lambda _snapshot: True
    quiesce: Callable[[], None] = lambda: None

    def wait(self, clock: Sleeper) -> None:
        """Take snapshots until they are still and good enough, or the timeout is over."""
        started = clock.now()
        cost = self.rule.timeout
        series: list[Snapshot] = []
        while True:
            asked = clock.now()
            series.append(self.take())
            done = clock.now()
            # The cheapest so far: one that was held up by a busy machine says nothing of the cost.
            cost = min(cost, done - asked)
            if self._still(series):
                if self.good_enough(series[-1]):
                    return
                self.quiesce()
                series.clear()
            if done - started >= self.rule.timeout:
                return
            clock.sleep(
                min(max(self.rule.interval, COST_SHARE * cost), self.rule.timeout / LEAST_READINGS)
            )

    def _still(self, series: Sequence[Snapshot]) -> bool:
        return all(
            holds_still(series, device, window=self.rule.window, band=self.rule.band)
            for device in self.devices
        )
