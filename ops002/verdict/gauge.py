"""What the engine's own gauge shows: is it back, and did the faults move it? Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from ops002.measurement import GaugeMissing, GaugeReading, Measurement, Stage


@dataclass(frozen=True)
class GaugeFacts:
    """The gauge of one trial; ``within`` is how far it may stay from its baseline.

    None if the config names none: then it shows nothing. Healthy requests may move it, too: as far
    as the controls lie apart, it may stay away.
    """

    measurement: Measurement
    within: float | None

    @property
    def lost(self) -> bool:
        """Whether it is further from its baseline than that after the last fault."""
        after, distance = self._values(Stage.AFTER_ERROR), self._distance
        return bool(after) and distance is not None and self._away(after[-1]) > distance

    @property
    def rose(self) -> bool:
        """Whether it moved further than that while faults were forced: it could have stayed."""
        during, distance = self._values(Stage.FAULT), self._distance
        return distance is not None and any(self._away(value) > distance for value in during)

    @property
    def unreadable(self) -> bool:
        """Whether one is named and couldn't be read where it counts.

        A trial that ended early had no time to.
        """
        if self.within is None:
            return False
        last = {one.stage: one for one in self.measurement.gauge}
        needed = [last.get(stage) for stage in (Stage.BASELINE, Stage.AFTER_ERROR)]
        unread = any(one is not None and not _is_number(one) for one in needed)
        return unread or (None in needed and not self.measurement.incidents)

    @property
    def baseline(self) -> float | None:
        """Its value before the faults."""
        values = self._values(Stage.BASELINE)
        return values[-1] if values else None

    @property
    def after(self) -> float | None:
        """Its value after the last of them."""
        values = self._values(Stage.AFTER_ERROR)
        return values[-1] if values else None

    @property
    def _distance(self) -> float | None:
        if self.within is None or self.baseline is None:
            return None
        healthy = [*self._values(Stage.CONTROL), self.baseline]
        return self.within + max(healthy) - min(healthy)

    def _away(self, value: float) -> float:
        return 0.0 if self.baseline is None else abs(value - self.baseline)

    def _values(self, stage: Stage) -> list[float]:
        found = (one for one in self.measurement.gauge if one.stage is stage)
        return [one.value for one in found if isinstance(one, GaugeReading) and _is_number(one)]


def _is_number(one: GaugeReading | GaugeMissing) -> bool:
    return isinstance(one, GaugeReading) and isfinite(one.value)
