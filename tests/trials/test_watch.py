"""When the watch reads while memory moves, on a clock that moves only when a reading costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from bench.error_rates.replay import NothingRuns, VirtualClock
from ops002.measurement import Missing, Phase, Process, Reading, Stage
from ops002.probes import Look
from ops002.trials.onlooker import NobodyLooks
from ops002.trials.recording import Recording
from ops002.trials.watch import Watch
from tests.fakes import ScriptedProbe

TICK_SECONDS = 0.005
MIB = 1 << 20


@dataclass
class PolledProbe(ScriptedProbe):
    """Memory that rises at every poll, or is polled as said.

    A reading costs what is said, then the last for ever.
    """

    costs: Sequence[float] = (0.001,)
    clock: VirtualClock = field(default_factory=VirtualClock)
    read_at: list[float] = field(default_factory=list)
    polls: Iterator[int] = field(default_factory=lambda: count(0, 16 * MIB))

    def read(self, processes: Sequence[Process]) -> Look:
        self.read_at.append(self.clock.now())
        self.clock.sleep(self.costs[min(self.taken, len(self.costs) - 1)])
        return super().read(processes)

    def poll(self, _processes: Sequence[Process]) -> int:
        return next(self.polls)


def watching(probe: PolledProbe) -> Watch:
    """A watch in the fault stage, begun."""
    recording = Recording((Phase.AFTER_ERROR,), probe, probe.clock, NobodyLooks())
    watch = Watch(NothingRuns(), probe, recording, probe.clock)
    recording.enter(Stage.FAULT, 0)
    watch.begin()
    return watch


def gaps(*costs: float) -> list[float]:
    """The time from the end of each reading to the next, in a second of watching."""
    probe = PolledProbe([0], costs=costs)
    watch = watching(probe)
    while probe.clock.now() < 1:
        watch.tick()
        probe.clock.sleep(TICK_SECONDS)
    ends = [at + costs[min(place, len(costs) - 1)] for place, at in enumerate(probe.read_at)]
    return [after - end for end, after in zip(ends, probe.read_at[1:], strict=False)]


def test_a_reading_that_was_held_up_does_not_blind_the_watch() -> None:
    assert max(gaps(0.001, 0.1, 0.001)) <= 2 * TICK_SECONDS


def test_readings_that_cost_much_are_far_apart() -> None:
    assert max(gaps(0.001, 0.05, 0.05, 0.05)) >= 0.15


def test_readings_of_which_every_other_costs_much_are_far_apart() -> None:
    after_dear_ones = gaps(*(0.001, 0.05) * 9)[1::2]
    assert min(after_dear_ones[1:]) >= 0.15  # at the first, nobody knows that more will follow


def test_memory_that_others_freed_does_not_blind_the_watch() -> None:
    polls = [mib * MIB for mib in (1000, 500, 600, 700)]
    probe = PolledProbe([0], polls=iter(polls))
    watch = watching(probe)
    begun = probe.taken
    for _ in polls[1:]:
        watch.tick()
        probe.clock.sleep(TICK_SECONDS)
    assert probe.taken - begun == 2


class Unmarked(ScriptedProbe):
    """An instrument without a high-water mark."""

    def read_peak(self, _process: Process) -> Reading | Missing:
        return Missing(device="cpu", instrument="scripted-peak", missing="there is none")


def test_without_a_mark_the_end_of_a_fault_is_read() -> None:
    """A fault that is over before the first tick has a stake as well."""
    probe = Unmarked([100 * MIB, 900 * MIB])
    clock = VirtualClock()
    recording = Recording((Phase.AFTER_ERROR,), probe, clock, NobodyLooks())
    watch = Watch(NothingRuns(), probe, recording, clock)
    recording.enter(Stage.FAULT, 0)
    watch.begin()
    watch.finish()
    readings = [one for snapshot in recording.measurement().snapshots for one in snapshot.readings]
    assert [one.bytes for one in readings if isinstance(one, Reading)] == [100 * MIB, 900 * MIB]
