"""Which meter is asked, and that one name stays one GPU, on machines of the stand-in driver."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from ops002.clock import Clock
from ops002.commands.instruments import Instruments
from ops002.measurement import Missing, Process, Reading
from ops002.probes import NoProbe, Probe
from tests.fakes import HERE
from tests.standin_nvml.machine import MIB, Card, Machine, Rule

# Of this module alone: a card's lock is the host's.
FIRST = Card(0, uuid="GPU-1257aaaa", base=MIB)
SECOND = Card(1, uuid="GPU-1257bbbb", base=2 * MIB)


@pytest.fixture
def start(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Instruments]]:
    """Makes instruments for a machine with two cards; they are closed with the test."""
    for name, value in machine.environment().items():
        monkeypatch.setenv(name, value)
    machine.put(FIRST, SECOND)
    made: list[Instruments] = []

    def starting() -> Instruments:
        made.append(Instruments({}, Clock(600), io.StringIO(), gpus=True))
        return made[-1]

    yield starting
    for instruments in made:
        instruments.close()


def read(probe: Probe) -> list[int | str]:
    """What the judged instruments say."""
    judged = {one.instrument for one in probe.devices}
    readings = [one for one in probe.read(()).readings if one.instrument in judged]
    return [one.bytes if isinstance(one, Reading) else one.missing for one in readings]


def kill(process: Process) -> None:
    os.kill(process.pid, signal.SIGKILL)


def test_in_place_of_a_meter_that_has_ended_another_is_asked(
    start: Callable[[], Instruments],
) -> None:
    instruments = start()
    before = instruments.make_probe("cuda", HERE)
    (first,) = instruments.helpers
    kill(first)
    assert isinstance(before.read(()).readings[0], Missing)

    assert read(instruments.make_probe("cuda", HERE)) == [MIB]

    assert instruments.helpers[0] == first
    assert len(instruments.helpers) == 2
    # What was begun with the first has no figures of the second: two halves make no delta.
    assert isinstance(before.read(()).readings[0], Missing)


def test_one_that_answers_is_kept(start: Callable[[], Instruments]) -> None:
    instruments = start()
    for device in ("cuda", "cuda:1", "cuda"):
        instruments.make_probe(device, HERE)
    with pytest.raises(NoProbe, match="there is no cuda:7"):
        instruments.make_probe("cuda:7", HERE)
    instruments.make_probe("cuda", HERE)
    assert len(instruments.helpers) == 1


def test_nobody_starts_meters_for_ever(start: Callable[[], Instruments], machine: Machine) -> None:
    machine.answer(Rule("nvmlInitWithFlags", "NVML_ERROR_DRIVER_NOT_LOADED"))
    instruments = start()
    for _ in range(9):
        with pytest.raises(NoProbe, match="isn't loaded"):
            instruments.make_probe("cuda", HERE)
    assert len(instruments.helpers) == 3


def test_a_name_that_comes_to_mean_another_gpu_is_refused(
    start: Callable[[], Instruments], machine: Machine
) -> None:
    instruments = start()
    assert read(instruments.make_probe("cuda", HERE)) == [MIB]
    machine.answer(Rule("nvmlDeviceGetUUID", "NVML_ERROR_GPU_IS_LOST", card="0"))
    with pytest.raises(NoProbe, match=r"cuda:0 is GPU-1257bbbb now, and was GPU-1257aaaa"):
        instruments.make_probe("cuda", HERE)
    assert [one.uuid for one in instruments.gpus] == [FIRST.id]


def test_a_driver_that_was_changed_is_refused(
    start: Callable[[], Instruments], machine: Machine
) -> None:
    machine.have_driver(version="580.95.05")
    instruments = start()
    instruments.make_probe("cuda", HERE)
    machine.have_driver(version="580.105.08")
    with pytest.raises(NoProbe, match=r"version 580.105.08 now, and was 580.95.05"):
        instruments.make_probe("cuda", HERE)
    assert instruments.driver == "580.95.05"
