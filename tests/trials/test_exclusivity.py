"""What is noted of a device before the workload is started."""

from __future__ import annotations

import pytest

from bench.error_rates.replay import VirtualClock
from ops002.measurement import JudgedDevice, Phase
from ops002.probes import Look
from ops002.trials.exclusivity import look_for_others
from ops002.trials.onlooker import NobodyLooks
from ops002.trials.recording import Recording
from ops002.verdict.neighbours import DRIVERS_OWN_BYTES
from tests.builders import MIB, SHARED, neighbour, reading
from tests.fakes import ScriptedProbe

NOBODY_S_PID = 2**22 + 1


class SharedProbe(ScriptedProbe):
    """A device that holds what is scripted, besides what neighbours of 1, 2, … MiB do."""

    crowd = 0

    @property
    def devices(self) -> tuple[JudgedDevice, ...]:
        return (SHARED,)

    def read(self, _processes: object) -> Look:
        (unlisted,) = self.script
        assert isinstance(unlisted, int)
        there = {NOBODY_S_PID + number: number * MIB for number in range(1, 1 + self.crowd)}
        theirs = sum(there.values())
        readings = (reading(theirs + unlisted), reading(0, "own"), reading(theirs, "others"))
        return Look(readings, tuple(neighbour(pid, size) for pid, size in there.items()))


def noted(unlisted: int, crowd: int = 0) -> tuple[str, ...]:
    probe = SharedProbe([unlisted])
    probe.crowd = crowd
    recording = Recording((Phase.AFTER_ERROR,), probe, VirtualClock(), NobodyLooks())
    look_for_others(recording, recording.snapshot(()), probe, exclusive=False)
    return recording.measurement().health


@pytest.mark.parametrize(("more", "notes"), [(0, 0), (1, 1)])
def test_what_nobody_is_listed_for_is_noted_beyond_what_a_driver_needs(
    more: int, notes: int
) -> None:
    found = noted(DRIVERS_OWN_BYTES + more)
    assert len(found) == notes
    assert all("512 MiB that belong to no process that the driver lists" in note for note in found)


def test_the_biggest_neighbours_are_named_and_the_others_counted() -> None:
    (note,) = noted(0, crowd=7)
    assert note.startswith(
        f"on cpu before the start: python (PID {NOBODY_S_PID + 7}), 7.0 MiB; python (PID "
    )
    assert note.endswith("3.0 MiB; and 2 more")
