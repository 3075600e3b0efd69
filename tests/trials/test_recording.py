"""What a recording keeps of who is on a device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.error_rates.replay import VirtualClock
from ops002.measurement import Owner, Phase, Process
from ops002.probes import Look
from ops002.trials.onlooker import NobodyLooks
from ops002.trials.recording import Recording
from ops002.verdict.neighbours import moves
from tests.builders import MIB, SHARED, neighbour, reading
from tests.fakes import ScriptedProbe

WORKERS = tuple(replace(neighbour(pid, 900 * MIB), owner=Owner.WORKLOAD) for pid in range(50))


class CrowdedProbe(ScriptedProbe):
    """A device with fifty big workers, and as many small neighbours as is scripted."""

    def read(self, _processes: Sequence[Process]) -> Look:
        count = self.script[self.taken]
        self.taken += 1
        assert isinstance(count, int)
        others = tuple(neighbour(1000 + number, (1 + number) * MIB) for number in range(count))
        theirs = sum(part.bytes for part in others if isinstance(part.bytes, int))
        return Look((reading(theirs, "others"),), (*WORKERS, *others))


def recording(*counts: int) -> Recording:
    probe = CrowdedProbe(counts)
    return Recording((Phase.AFTER_ERROR,), probe, VirtualClock(), NobodyLooks())


def test_the_biggest_of_each_side_are_kept() -> None:
    kept = recording(120).snapshot(()).processes
    owners = [part.owner for part in kept]
    assert (owners.count(Owner.WORKLOAD), owners.count(Owner.OTHER)) == (20, 100)
    assert min(part.bytes for part in kept if isinstance(part.bytes, int)) == 21 * MIB


def test_of_many_neighbours_those_beyond_are_compared_together() -> None:
    taking = recording(120, 121)
    found = moves(SHARED, taking.snapshot(()), taking.snapshot(()))
    assert found is not None
    assert sum(move.change for move in found) == 121 * MIB
