"""Keeps what the engine's own gauge says: at the baseline, during each fault and after it."""

from __future__ import annotations

from typing import Final, Protocol

from ops002.trials.recording import Recording

_PAUSE_SECONDS: Final = 0.1


class Engine(Protocol):
    """What an engine's gauge can be asked."""

    @property
    def within(self) -> float:
        """How far from its baseline it may stay."""
        ...

    def now(self) -> float | str:
        """Its value, or why there is none."""
        ...

    def taken(self) -> tuple[float, ...]:
        """What was read since this was asked last."""
        ...

    def pause(self, seconds: float) -> float:
        """Let time pass; what the clock says then."""
        ...


class GaugeReadings:
    """Of one trial; none at all where the config names no gauge."""

    def __init__(self, gauge: Engine | None, recording: Recording) -> None:
        self._gauge = gauge
        self._recording = recording
        self._baseline: float | str = "not read"

    def at_baseline(self) -> None:
        """Read it: what it is to come back to."""
        self._baseline = self.read()

    def read(self) -> float | str:
        """Read it once, and keep that."""
        if self._gauge is None:
            return self._baseline
        value = self._gauge.now()
        self._recording.add_gauge(value)
        return value

    def begin(self) -> None:
        """A fault begins: what was read before belongs to healthy requests."""
        if self._gauge is not None:
            self._gauge.taken()

    def during_fault(self) -> None:
        """Keep what was read while the fault was forced: the furthest from the baseline."""
        taken = () if self._gauge is None else self._gauge.taken()
        if taken and isinstance(self._baseline, float):
            baseline = self._baseline
            self._recording.add_gauge(max(taken, key=lambda value: abs(value - baseline)))

    def after_fault(self, seconds: float) -> None:
        """Wait until it is where it was, for so long at most; an engine clears up on its own."""
        if self._gauge is None:
            return
        deadline = self._gauge.pause(0.0) + seconds
        value = self._gauge.now()
        while not self._is_back(value) and self._gauge.pause(_PAUSE_SECONDS) < deadline:
            value = self._gauge.now()
        self._recording.add_gauge(value)

    def _is_back(self, value: float | str) -> bool:
        if self._gauge is None or isinstance(value, str) or isinstance(self._baseline, str):
            return False
        return abs(value - self._baseline) <= self._gauge.within
