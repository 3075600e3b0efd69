"""For whom a trial waits on a device that others are on, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pytest

from bench.error_rates.replay import NothingRuns, VirtualClock
from ops002.measurement import JudgedDevice, Phase, Process, Snapshot, Stage
from ops002.probes import Look
from ops002.settle import SettleRule
from ops002.trials.onlooker import NobodyLooks
from ops002.trials.recording import Recording
from ops002.trials.waits import Waits
from tests.builders import MIB, SHARED, neighbour, reading
from tests.fakes import ScriptedProbe

RULE = SettleRule(timeout=30.0, window=0.5, interval=0.05, band=4 * MIB)
TOLERANCE = 64 * MIB
TOTAL = 1000 * MIB
Neighbours = Callable[[float], Mapping[int, int]]


@dataclass
class SharedProbe(ScriptedProbe):
    """A device whose total never moves: what others take, the workload has just given back."""

    neighbours: Neighbours
    clock: VirtualClock

    @property
    def devices(self) -> tuple[JudgedDevice, ...]:
        return (SHARED,)

    def read(self, _processes: Sequence[Process]) -> Look:
        there = self.neighbours(self.clock.now())
        theirs = sum(there.values())
        used = max(TOTAL, theirs)
        readings = (reading(used), reading(used - theirs, "own"), reading(theirs, "others"))
        return Look(readings, tuple(neighbour(pid, size) for pid, size in there.items()))


class NobodyRuns(NothingRuns):
    """A workload that is gone."""

    def processes(self) -> tuple[Process, ...]:
        return ()


@dataclass
class Waiting:
    """A trial's waits beside some neighbours, from a baseline at second 0."""

    neighbours: Neighbours

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        probe = SharedProbe([0], neighbours=self.neighbours, clock=self.clock)
        recording = Recording((Phase.AFTER_ERROR,), probe, self.clock, NobodyLooks())
        recording.enter(Stage.BASELINE)
        self.baseline: Snapshot = recording.snapshot(())
        self.waits = Waits(recording, probe, RULE, self.clock)

    def until_back(self) -> bool:
        return self.waits.until_back(lambda: (), self.baseline, TOLERANCE, lambda: None)

    def see_gone(self) -> bool:
        self.waits.see_gone(NobodyRuns(), self.baseline, TOLERANCE)
        return self.clock.now() < RULE.timeout


BACK_AT = 5.0


def away_for_a_while(seconds: float) -> Mapping[int, int]:
    return {8: 200 * MIB, 9: 30 * MIB} if 0 < seconds < BACK_AT else {8: 200 * MIB}


def away_for_good(seconds: float) -> Mapping[int, int]:
    return {8: 205 * MIB} if seconds > 0 else {8: 200 * MIB}


def one_for_another(seconds: float) -> Mapping[int, int]:
    return {9: 200 * MIB} if seconds > 0 else {8: 200 * MIB}


WAITS = pytest.mark.parametrize("wait", [Waiting.until_back, Waiting.see_gone])


@WAITS
def test_a_neighbour_that_comes_back_is_waited_for(wait: Callable[[Waiting], bool]) -> None:
    waiting = Waiting(away_for_a_while)
    assert wait(waiting)
    assert BACK_AT <= waiting.clock.now() < BACK_AT + 2


@WAITS
@pytest.mark.parametrize("neighbours", [away_for_good, one_for_another])
def test_one_that_doesnt_is_waited_for_to_the_timeout(
    wait: Callable[[Waiting], bool], neighbours: Neighbours
) -> None:
    waiting = Waiting(neighbours)
    assert not wait(waiting)
    assert waiting.clock.now() == pytest.approx(RULE.timeout, abs=1)


@pytest.mark.parametrize(("until", "ends"), [(5.0, 5.5), (1000.0, RULE.timeout)])
def test_no_baseline_is_taken_in_the_middle_of_a_neighbours_move(until: float, ends: float) -> None:
    """Though the total holds still; for as long as the timeout allows."""
    waiting = Waiting(lambda seconds: {8: int(min(seconds, until) * 20 * MIB)})
    waiting.waits.until_still(lambda: ())
    assert waiting.clock.now() == pytest.approx(ends, abs=0.3)
