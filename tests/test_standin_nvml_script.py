"""The stand-in driver: scripted answers, MIG, platform facts, and which card CUDA would take."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.standin_nvml.machine import (
    GIB,
    MIB,
    READER,
    Card,
    Listing,
    Machine,
    Rule,
    Slice,
    Tenant,
)
from tests.standin_nvml.reader import Reader, Refused

USED = "nvmlDeviceGetMemoryInfo(gpu({}), version=nvmlMemory_v2).used"
MEMORY = "nvmlDeviceGetMemoryInfo_v2"
SLICED = Card(
    1, mig=1, base=MIB, slices=(Slice(0, gpu_instance=7), Slice(2, gpu_instance=9, base=9))
)
VISIBLE = "import json, standin_gpu; print(json.dumps(standin_gpu.visible_cards()))"


@pytest.fixture
def reader(machine: Machine) -> Iterator[Reader]:
    machine.put(Card(0, base=GIB), SLICED)
    with machine.reader() as reader:
        reader.ask("nvmlInit()")
        yield reader


def of_slice(index: int) -> str:
    return f"nvmlDeviceGetMigDeviceHandleByIndex(gpu(1), {index})"


def test_an_error_from_the_nth_call_on(machine: Machine, reader: Reader) -> None:
    machine.answer(Rule(MEMORY, "NVML_ERROR_GPU_IS_LOST", first=3))
    assert [reader.ask(USED.format(0)) for _ in range(2)] == [GIB, GIB]
    for _ in range(2):
        with pytest.raises(Refused, match="NVML_ERROR_GPU_IS_LOST"):
            reader.ask(USED.format(0))
    assert machine.calls(MEMORY) == 4


def test_an_error_that_passes(machine: Machine, reader: Reader) -> None:
    machine.answer(Rule(MEMORY, "NVML_ERROR_UNKNOWN", first=2, last=2))
    assert reader.ask(USED.format(0)) == GIB
    with pytest.raises(Refused, match="NVML_ERROR_UNKNOWN"):
        reader.ask(USED.format(0))
    assert reader.ask(USED.format(0)) == GIB


def test_an_error_of_one_card_counts_that_cards_calls(machine: Machine, reader: Reader) -> None:
    machine.answer(Rule(MEMORY, "NVML_ERROR_NO_PERMISSION", card="1", first=2))
    assert reader.ask(USED.format(0)) == GIB
    assert reader.ask(USED.format(1)) == MIB + 9
    assert reader.ask(USED.format(0)) == GIB
    with pytest.raises(Refused, match="NVML_ERROR_NO_PERMISSION"):
        reader.ask(USED.format(1))
    assert machine.calls(MEMORY) == 4
    assert machine.calls(MEMORY, "1") == 2


def test_calls_are_counted_over_processes(machine: Machine, reader: Reader) -> None:
    machine.answer(Rule(MEMORY, "NVML_ERROR_UNKNOWN", first=2))
    assert reader.ask(USED.format(0)) == GIB
    with machine.reader() as another:
        another.ask("nvmlInit()")
        with pytest.raises(Refused, match="NVML_ERROR_UNKNOWN"):
            another.ask(USED.format(0))


def test_a_call_that_hangs(machine: Machine, reader: Reader) -> None:
    """For a lower bound alone: it may take as much longer as it likes."""
    machine.answer(Rule(MEMORY, hang_ms=300))
    clock = "__import__('time').monotonic()"
    waited, used = reader.ask(f"[(t := {clock}) and 0, {USED.format(0)}, {clock} - t][1:]")[::-1]
    assert waited >= 0.3
    assert used == GIB


def test_an_old_driver_lacks_the_second_version(machine: Machine, reader: Reader) -> None:
    machine.answer(Rule(MEMORY, "NVML_ERROR_FUNCTION_NOT_FOUND"))
    with pytest.raises(Refused, match="NVML_ERROR_FUNCTION_NOT_FOUND"):
        reader.ask(USED.format(0))
    assert reader.ask("nvmlDeviceGetMemoryInfo(gpu(0)).used") == GIB + 512 * MIB


@pytest.mark.parametrize("rule", [("nvmlDeviceGetMemory", "NVML_SUCCESS"), (MEMORY, "NVML_LOST")])
def test_a_rule_that_could_never_fire_is_no_rule(rule: tuple[str, str]) -> None:
    with pytest.raises(AssertionError, match="no "):
        Rule(*rule)


def test_without_a_session_or_a_machine_nothing_is_answered(machine: Machine) -> None:
    machine.put(Card())
    machine.answer(Rule("nvmlInitWithFlags", "NVML_ERROR_LIB_RM_VERSION_MISMATCH", last=1))
    with machine.reader() as reader:
        with pytest.raises(Refused, match="NVML_ERROR_LIB_RM_VERSION_MISMATCH"):
            reader.ask("nvmlInit()")
        with pytest.raises(Refused, match="NVML_ERROR_UNINITIALIZED"):
            reader.ask("nvmlDeviceGetCount()")
        reader.ask("nvmlInit()")
        assert reader.ask("nvmlDeviceGetCount()") == 1
        reader.ask("nvmlShutdown()")
        with pytest.raises(Refused, match="NVML_ERROR_UNINITIALIZED"):
            reader.ask("nvmlDeviceGetCount()")
    environment = machine.environment()
    del environment["OPS002_STANDIN"]
    with (
        Reader([sys.executable, READER], environment) as reader,
        pytest.raises(Refused, match="NVML_ERROR_DRIVER_NOT_LOADED"),
    ):
        reader.ask("nvmlInit()")


def test_a_tests_mistake_is_no_answer(machine: Machine) -> None:
    """Or it would pass for something that a driver does."""
    machine.put(Card())
    (machine.folder / "cards/0").write_text("total 80GiB\n")
    with machine.reader() as reader:
        reader.ask("nvmlInit()")
        with pytest.raises(AssertionError, match="has ended"):
            reader.ask(USED.format(0))


def test_the_walk_to_the_slices(reader: Reader) -> None:
    assert reader.ask("nvmlDeviceGetMigMode(gpu(0))") == [0, 0]
    assert reader.ask("nvmlDeviceGetMigMode(gpu(1))") == [1, 1]
    assert reader.ask("nvmlDeviceGetMaxMigDeviceCount(gpu(0))") == 0
    assert reader.ask("nvmlDeviceGetMaxMigDeviceCount(gpu(1))") == 7
    with pytest.raises(Refused, match="NVML_ERROR_NOT_FOUND"):
        reader.ask(of_slice(1))
    for index, instance in ((0, 7), (2, 9)):
        uuid = SLICED.slice_id(next(part for part in SLICED.slices if part.index == index))
        by_uuid = f"nvmlDeviceGetHandleByUUID('{uuid}')"
        for handle in (of_slice(index), by_uuid):
            assert reader.ask(f"nvmlDeviceGetUUID({handle})") == uuid
            assert reader.ask(f"nvmlDeviceIsMigDeviceHandle({handle})") == 1
            assert reader.ask(f"nvmlDeviceGetGpuInstanceId({handle})") == instance
            assert reader.ask(f"nvmlDeviceGetAttributes({handle}).memorySizeMB") == 10240
            parent = f"nvmlDeviceGetDeviceHandleFromMigDeviceHandle({handle})"
            assert reader.ask(f"nvmlDeviceGetUUID({parent})") == SLICED.id
    assert reader.ask("nvmlDeviceIsMigDeviceHandle(gpu(1))") == 0
    with pytest.raises(Refused, match="NVML_ERROR_NOT_SUPPORTED"):
        reader.ask("nvmlDeviceGetMigDeviceHandleByIndex(gpu(0), 0)")


def test_a_slice_has_its_own_memory_and_processes(machine: Machine, reader: Reader) -> None:
    machine.move_in(Tenant(5, GIB, card="1.0"), Tenant(6, 2 * GIB, card="1.2"))
    used = "nvmlDeviceGetMemoryInfo({}, version=nvmlMemory_v2).used"
    listed = "[(p.pid, p.gpuInstanceId) for p in nvmlDeviceGetComputeRunningProcesses({})]"
    assert reader.ask(used.format(of_slice(0))) == GIB
    assert reader.ask(used.format(of_slice(2))) == 2 * GIB + 9
    assert reader.ask(used.format("gpu(1)")) == 3 * GIB + MIB + 9
    assert reader.ask(listed.format(of_slice(2))) == [[6, 9]]
    assert sorted(reader.ask(listed.format("gpu(1)"))) == [[5, 7], [6, 9]]


def test_platform_facts(machine: Machine, reader: Reader) -> None:
    coherent = Card(0, numa=2, addressing=2, virtualization=2, compute_mode=3, persistence=0)
    for asked, usual, otherwise in (
        ("VirtualizationMode", 0, 2),
        ("AddressingMode", 0, 2),
        ("NumaNodeId", "NVML_ERROR_NOT_SUPPORTED", 2),
        ("ComputeMode", 0, 3),
        ("PersistenceMode", 1, 0),
        ("MinorNumber", 0, 0),
        ("CudaComputeCapability", [9, 0], [9, 0]),
    ):
        expression = f"nvmlDeviceGet{asked}(gpu(0))"
        machine.put(Card(0))
        if isinstance(usual, str):
            with pytest.raises(Refused, match=usual):
                reader.ask(expression)
        else:
            assert reader.ask(expression) == usual
        machine.put(coherent)
        assert reader.ask(expression) == otherwise
    machine.put(Card(0, mig=None))
    with pytest.raises(Refused, match="NVML_ERROR_NOT_SUPPORTED"):
        reader.ask("nvmlDeviceGetMigMode(gpu(0))")


def test_the_drivers_versions(machine: Machine, reader: Reader) -> None:
    assert reader.ask("nvmlSystemGetDriverVersion()") == "580.95.05"
    assert reader.ask("nvmlSystemGetCudaDriverVersion_v2()") == 13000
    machine.have_driver(version="470.256.02", nvml="11.470.256.02", cuda="11040")
    assert reader.ask("nvmlSystemGetDriverVersion()") == "470.256.02"
    assert reader.ask("nvmlSystemGetNVMLVersion()") == "11.470.256.02"
    assert reader.ask("nvmlSystemGetCudaDriverVersion_v2()") == 11040


@pytest.mark.parametrize(
    ("environment", "cards"),
    [
        ({}, ["1.0", "0", "2"]),
        ({"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, ["0", "1.0", "2"]),
        ({"CUDA_VISIBLE_DEVICES": "2,0"}, ["2", "1.0"]),
        ({"CUDA_VISIBLE_DEVICES": "2,0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, ["2", "0"]),
        ({"CUDA_VISIBLE_DEVICES": ""}, []),
        ({"CUDA_VISIBLE_DEVICES": "2,-1,0"}, ["2"]),
        ({"CUDA_VISIBLE_DEVICES": "2,9,0"}, ["2"]),
        ({"CUDA_VISIBLE_DEVICES": "2,2"}, []),
        ({"CUDA_VISIBLE_DEVICES": "GPU-abc,GPU-abd"}, ["0", "2"]),
        ({"CUDA_VISIBLE_DEVICES": "GPU-ab"}, []),
        ({"CUDA_VISIBLE_DEVICES": SLICED.slice_id(SLICED.slices[1])}, ["1.2"]),
    ],
)
def test_a_workload_takes_the_device_that_cuda_would(
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    cards: list[str],
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")  # of who runs the tests
    machine.put(
        Card(0, uuid="GPU-abc", fastest=1),
        Card(1, mig=1, slices=SLICED.slices, fastest=0),
        Card(2, uuid="GPU-abd", processes=Listing.HIDDEN),
    )
    shown = subprocess.run(
        [sys.executable, "-c", VISIBLE],
        env=machine.environment(**environment),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(shown.stdout) == cards
