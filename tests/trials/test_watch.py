"""How often the watch reads while memory rises, on a clock that moves only when a reading costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from bench.error_rates.replay import NothingRuns, VirtualClock
from ops002.measurement import Missing, Phase, Process, ProcessMemory, Reading, Stage
from ops002.trials.onlooker import NobodyLooks
from ops002.trials.recording import Recording
from ops002.trials.watch import Watch
from tests.fakes import ScriptedProbe

TICK_SECONDS = 0.005
MIB = 1 << 20


@dataclass
class RisingProbe(ScriptedProbe):
    """Memory that rises at every poll; a reading costs what is said, then the last for ever."""

    costs: Sequence[float] = (0.001,)
    clock: VirtualClock = field(default_factory=VirtualClock)
    read_at: list[float] = field(default_factory=list)
    _polled: count[int] = field(default_factory=lambda: count(0, 16 * MIB))

    def read(
        self, processes: Sequence[Process]
    ) -> tuple[Reading | Missing, tuple[ProcessMemory, ...]]:
        self.read_at.append(self.clock.now())
        self.clock.sleep(self.costs[min(self.taken, len(self.costs) - 1)])
        return super().read(processes)

    def poll(self, _processes: Sequence[Process]) -> int:
        return next(self._polled)


def longest_gap(*costs: float) -> float:
    """The longest time from the end of a reading to the next, in a second of watching."""
    probe = RisingProbe([0], costs=costs)
    recording = Recording((Phase.AFTER_ERROR,), probe, probe.clock, NobodyLooks())
    watch = Watch(NothingRuns(), probe, recording, probe.clock)
    recording.enter(Stage.FAULT, 0)
    watch.begin()
    while probe.clock.now() < 1:
        watch.tick()
        probe.clock.sleep(TICK_SECONDS)
    ends = [at + costs[min(place, len(costs) - 1)] for place, at in enumerate(probe.read_at)]
    return max(after - end for end, after in zip(ends, probe.read_at[1:], strict=False))


def test_a_reading_that_was_held_up_does_not_blind_the_watch() -> None:
    assert longest_gap(0.001, 0.1, 0.001) <= 2 * TICK_SECONDS


def test_readings_that_cost_much_are_far_apart() -> None:
    assert longest_gap(0.001, 0.05, 0.05, 0.05) >= 0.15
