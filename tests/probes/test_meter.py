"""The meter: the driver's figures from a process of their own, or why there are none."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from ops002.probes.meter_client import Meter, MeterSilent
from tests.standin_nvml.machine import GIB, MIB, Card, Machine, Rule, Slice, Tenant

UUID = Card(0).id


@pytest.fixture
def environment(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The stand-in's machine, for the processes of this test."""
    for name, value in machine.environment().items():
        monkeypatch.setenv(name, value)
    return machine


@pytest.fixture
def start(environment: Machine) -> Iterator[Callable[..., Meter]]:
    """Starts meters on a machine with one card and one tenant; they are ended with the test."""
    environment.put(Card(0))
    environment.move_in(Tenant(4242, 3 * GIB))
    started: list[Meter] = []

    def starting(deadline: float = 10.0) -> Meter:
        started.append(Meter(deadline))
        return started[-1]

    yield starting
    for meter in started:
        meter.close()


def meters() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):  # other tests' dead children
            if "ops002.agents.meter" in child.cmdline():
                found.append(child)
    return found


def test_it_tells_cards_and_their_memory(start: Callable[..., Meter]) -> None:
    meter = start()
    (card,) = meter.driver().cards
    (sample,) = meter.sample([UUID])
    assert (card.uuid, card.total_bytes, card.divided, card.unsupported) == (
        UUID,
        80 * GIB,
        False,
        None,
    )
    assert sample.used_bytes == 3 * GIB
    assert sample.tenants is not None
    assert [(one.pid, one.bytes) for one in sample.tenants] == [(4242, 3 * GIB)]


def test_the_drivers_session_is_opened_once(
    start: Callable[..., Meter], environment: Machine
) -> None:
    meter = start()
    for _ in range(5):
        meter.sample([UUID])
    assert environment.calls("nvmlInitWithFlags") + environment.calls("nvmlInit_v2") == 1


def test_a_driver_that_hangs_is_no_reading_and_stays_none(
    start: Callable[..., Meter], environment: Machine
) -> None:
    hangs = Rule("nvmlDeviceGetMemoryInfo_v2", first=2, last=2, hang_ms=3000)
    meter = start(deadline=1.0)
    meter.sample([UUID])
    environment.answer(hangs)
    with pytest.raises(MeterSilent, match="did not answer within 1 s"):
        meter.sample([UUID])
    # What it may say later is old: nobody asks it again.
    with pytest.raises(MeterSilent, match="did not answer"):
        meter.sample([UUID])


def test_a_meter_that_ends_is_no_reading(start: Callable[..., Meter]) -> None:
    meter = start()
    meter.sample([UUID])
    for child in meters():
        child.kill()
    with pytest.raises(MeterSilent, match="has ended"):
        meter.sample([UUID])


def test_an_interrupt_from_the_keyboard_isnt_the_meters(start: Callable[..., Meter]) -> None:
    meter = start()
    meter.driver()
    assert all(os.getpgid(child.pid) != os.getpgrp() for child in meters())
    assert meter.sample([UUID])


def test_it_ends_when_its_input_does(environment: Machine) -> None:
    environment.put(Card(0))
    with closing(Meter()) as meter:
        meter.driver()
        assert len(meters()) == 1
    assert meters() == []


def test_one_that_hangs_is_killed(environment: Machine) -> None:
    environment.put(Card(0))
    environment.answer(Rule("nvmlInitWithFlags", hang_ms=60_000))
    meter = Meter(deadline=0.5)
    with pytest.raises(MeterSilent):
        meter.sample([UUID])
    meter.close()
    assert meters() == []


def test_cards_are_in_the_order_of_their_addresses(
    start: Callable[..., Meter], environment: Machine
) -> None:
    environment.put(Card(0, bus="00000000:41:00.0"), Card(1, bus="00000000:05:00.0"))
    cards = start().driver().cards
    assert [card.uuid for card in cards] == [Card(1).id, Card(0).id]


@pytest.mark.parametrize("function", ["nvmlInitWithFlags", "nvmlDeviceGetCount_v2"])
def test_what_the_driver_refuses_is_said(
    start: Callable[..., Meter], environment: Machine, function: str
) -> None:
    environment.answer(Rule(function, "NVML_ERROR_NO_PERMISSION"))
    with pytest.raises(MeterSilent, match="may not ask the driver"):
        start().driver()


def test_a_first_version_that_answers_is_kept_for_the_run(
    start: Callable[..., Meter], environment: Machine
) -> None:
    """A reading by another call could be apart by all that the driver reserves."""
    meter = start()
    (first,) = meter.sample([UUID])
    environment.answer(Rule("nvmlDeviceGetMemoryInfo_v2", "NVML_ERROR_NOT_SUPPORTED"))
    (second,) = meter.sample([UUID])
    assert (first.version, first.used_bytes) == ("v2", 3 * GIB)
    assert (second.used_bytes, second.why_unread) == (None, "NVML: Not Supported")


def test_a_process_that_computes_and_draws_counts_once(
    start: Callable[..., Meter], environment: Machine
) -> None:
    environment.move_in(Tenant(77, 700 * MIB, kind="graphics"))
    (sample,) = start().sample([UUID])
    assert sample.tenants is not None
    assert {one.pid: one.bytes for one in sample.tenants} == {4242: 3 * GIB, 77: 700 * MIB}


def test_it_dies_with_the_gate(environment: Machine) -> None:
    environment.put(Card(0))
    reader, writer = os.pipe()
    if (gate := os.fork()) == 0:
        meter = Meter()
        meter.driver()
        os.write(writer, b"x")
        time.sleep(600)
        os._exit(1)
    os.close(writer)
    assert os.read(reader, 1) == b"x"
    (meter_process,) = psutil.Process(gate).children()
    os.kill(gate, signal.SIGKILL)
    os.waitpid(gate, 0)
    psutil.wait_procs([meter_process], timeout=10)
    assert not meter_process.is_running() or meter_process.status() == psutil.STATUS_ZOMBIE


def test_modules_of_the_checkout_arent_the_meters(
    start: Callable[..., Meter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull request that brings a pynvml of its own would read what it likes."""
    for name in ("pynvml", "queue", "ops002"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not the real one')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", os.environ["PYTHONPATH"]]))
    assert start().sample([UUID])[0].used_bytes == 3 * GIB


def test_a_card_that_is_refused_isnt_there(
    start: Callable[..., Meter], environment: Machine
) -> None:
    environment.put(Card(1))
    environment.answer(Rule("nvmlDeviceGetHandleByIndex_v2", "NVML_ERROR_NO_PERMISSION", last=1))
    assert [card.uuid for card in start().driver().cards] == [Card(1).id]


@pytest.mark.parametrize(
    ("kind", "code", "listed"),
    [
        ("Compute", "NVML_ERROR_UNKNOWN", False),
        ("Compute", "NVML_ERROR_NOT_SUPPORTED", False),
        ("Graphics", "NVML_ERROR_UNKNOWN", False),
        ("Graphics", "NVML_ERROR_NOT_SUPPORTED", True),
    ],
)
def test_a_list_that_fails_is_never_nobody(
    start: Callable[..., Meter], environment: Machine, kind: str, *, code: str, listed: bool
) -> None:
    environment.answer(Rule(f"nvmlDeviceGet{kind}RunningProcesses_v3", code))
    (sample,) = start().sample([UUID])
    assert (sample.tenants is not None) is listed
    assert (sample.why_unlisted is None) is listed


@pytest.mark.parametrize(
    "code",
    [
        "NVML_ERROR_NOT_SUPPORTED",
        "NVML_ERROR_FUNCTION_NOT_FOUND",
        "NVML_ERROR_ARGUMENT_VERSION_MISMATCH",
    ],
)
@pytest.mark.parametrize(
    "function", ["nvmlDeviceGetMigMode", "nvmlDeviceGetNumaNodeId", "nvmlDeviceGetAddressingMode"]
)
def test_a_question_that_the_driver_doesnt_know_is_answered(
    start: Callable[..., Meter], environment: Machine, function: str, code: str
) -> None:
    environment.answer(Rule(function, code))
    (card,) = start().driver().cards
    assert (card.divided, card.unsupported, card.untold) == (False, None, None)


@pytest.mark.parametrize(
    "function", ["nvmlDeviceGetMigMode", "nvmlDeviceGetNumaNodeId", "nvmlDeviceGetAddressingMode"]
)
def test_a_question_that_fails_is_not_answered(
    start: Callable[..., Meter], environment: Machine, function: str
) -> None:
    """Only of the card that it is about, though."""
    environment.put(Card(1))
    environment.answer(Rule(function, "NVML_ERROR_UNKNOWN", card="0"))
    first, second = start().driver().cards
    assert first.untold is not None
    assert "can't be told (NVML: Unknown Error)" in first.untold
    assert second.untold is None


ATS = 2
MACHINE = psutil.virtual_memory().total


@pytest.mark.parametrize(
    ("card", "judged"),
    [
        pytest.param(Card(addressing=ATS, total=MACHINE), False, id="GB10"),
        pytest.param(Card(addressing=ATS, total=MACHINE // 2), True, id="Grace, CDMM"),
        pytest.param(Card(addressing=0, total=MACHINE), True, id="by chance as much"),
        pytest.param(Card(addressing=ATS, numa=1), False, id="Grace, NUMA"),
    ],
)
def test_whose_memory_it_is(
    start: Callable[..., Meter], environment: Machine, card: Card, *, judged: bool
) -> None:
    environment.put(card)
    (found,) = start().driver().cards
    assert (found.unsupported is None, found.untold) == (judged, None)


DIVIDED = Card(0, mig=1, slices=(Slice(0, gpu_instance=1), Slice(3, gpu_instance=2)))


def test_of_a_divided_card_the_places_with_slices_are_shown(
    start: Callable[..., Meter], environment: Machine
) -> None:
    environment.put(DIVIDED)
    card, *slices = start().driver().cards
    assert card.divided
    assert [one.uuid for one in slices] == [DIVIDED.slice_id(part) for part in DIVIDED.slices]
    assert [(one.parent, one.untold) for one in slices] == [(card.uuid, None)] * 2


def test_a_slice_that_cant_be_asked_for_is_no_empty_place(
    start: Callable[..., Meter], environment: Machine
) -> None:
    environment.put(DIVIDED)
    environment.answer(Rule("nvmlDeviceGetMigDeviceHandleByIndex", "NVML_ERROR_UNKNOWN", first=4))
    with pytest.raises(MeterSilent, match="Unknown Error"):
        start().driver()


def test_a_card_that_is_lost_while_it_is_asked_isnt_there(
    start: Callable[..., Meter], environment: Machine
) -> None:
    environment.put(Card(1))
    environment.answer(Rule("nvmlDeviceGetUUID", "NVML_ERROR_GPU_IS_LOST", card="0"))
    assert [card.uuid for card in start().driver().cards] == [Card(1).id]


def test_how_a_card_is_set_up(start: Callable[..., Meter], environment: Machine) -> None:
    environment.put(
        Card(0, compute_mode=2, persistence=0, virtualization=2),
        Card(1, compute_mode=None, persistence=None, virtualization=None),
    )
    found = [(one.compute_mode, one.kept_awake, one.virtual) for one in start().driver().cards]
    assert found == [("prohibited", False, True), (None, None, None)]


def test_who_is_there_is_asked_only_where_it_is_wanted(
    start: Callable[..., Meter], environment: Machine
) -> None:
    meter = start()
    (sample,) = meter.sample([UUID], listed=False)
    assert (sample.used_bytes, sample.tenants, sample.why_unlisted) == (3 * GIB, None, "not asked")
    assert environment.calls("nvmlDeviceGetComputeRunningProcesses_v3") == 0


def test_a_name_is_read_once_while_its_process_is_listed(
    start: Callable[..., Meter], environment: Machine
) -> None:
    us = Tenant(os.getpid(), GIB)
    meter = start()

    def name() -> list[str]:
        (sample,) = meter.sample([UUID])
        return [one.name for one in sample.tenants or () if one.pid == us.pid]

    comm = Path("/proc/self/comm")
    before = comm.read_text()
    try:
        environment.move_in(us)
        assert name() == [before.strip()]
        comm.write_text("another")
        assert name() == [before.strip()]
        environment.move_out(us)
        assert name() == []
        environment.move_in(us)
        assert name() == ["another"]
    finally:
        comm.write_text(before)
