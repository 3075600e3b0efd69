"""The stand-in driver, read by the real pynvml: cards, memory, and whose it is."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.command_line import wait_for
from tests.standin_nvml.machine import GIB, MIB, Card, Listing, Machine, Tenant
from tests.standin_nvml.reader import Reader, Refused

USED = "nvmlDeviceGetMemoryInfo(gpu(0), version=nvmlMemory_v2).used"
PROCESSES = "nvmlDeviceGetComputeRunningProcesses(gpu(0))"
IN_ITS_OWN_PID_NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
HOLDS = "import sys, standin_gpu; a = standin_gpu.use({}); print('holds', flush=True); {}"
WAITS = "sys.stdin.read()"


@pytest.fixture
def reader(machine: Machine) -> Iterator[Reader]:
    with machine.reader() as reader:
        reader.ask("nvmlInit()")
        yield reader


@contextmanager
def a_process_holds(
    machine: Machine, size: int, *prefix: str, then: str = WAITS, **env: str
) -> Iterator[subprocess.Popen[str]]:
    """A workload that takes memory, then waits for the block to end or does something else."""
    with subprocess.Popen(
        [*prefix, sys.executable, "-c", HOLDS.format(size, then)],
        env=machine.environment(**env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        try:
            yield process
        except BaseException:
            process.kill()  # or a test that failed would wait for it
            raise


def pids(reader: Reader, gpu: int = 0) -> list[int]:
    return [entry["pid"] for entry in reader.ask(PROCESSES.replace("gpu(0)", f"gpu({gpu})"))]


def test_cards_are_counted_and_found_by_index_uuid_and_bus_id(
    machine: Machine, reader: Reader
) -> None:
    assert reader.ask("nvmlDeviceGetCount()") == 0
    machine.put(Card(0), Card(1, uuid="GPU-abc", name="NVIDIA L4", bus="00000001:65:00.0"))
    assert reader.ask("nvmlDeviceGetCount()") == 2
    for found in (
        "gpu(1)",
        "nvmlDeviceGetHandleByUUID('GPU-abc')",
        "nvmlDeviceGetHandleByPciBusId('00000001:65:00.0')",
        "nvmlDeviceGetHandleByPciBusId('1:65:0')",
    ):
        assert reader.ask(f"nvmlDeviceGetIndex({found})") == 1
        assert reader.ask(f"nvmlDeviceGetName({found})") == "NVIDIA L4"
        assert reader.ask(f"nvmlDeviceGetUUID({found})") == "GPU-abc"
    assert reader.ask("nvmlDeviceGetPciInfo(gpu(1)).busId") == "00000001:65:00.0"
    assert reader.ask("nvmlDeviceGetPciInfo(gpu(1)).bus") == 0x65


@pytest.mark.parametrize(
    ("handle", "refusal"),
    [
        ("gpu(1)", "NVML_ERROR_INVALID_ARGUMENT"),
        ("nvmlDeviceGetHandleByUUID('GPU-0')", "NVML_ERROR_NOT_FOUND"),
        ("nvmlDeviceGetHandleByPciBusId('00000000:99:00.0')", "NVML_ERROR_NOT_FOUND"),
        ("nvmlDeviceGetHandleByPciBusId('nonsense')", "NVML_ERROR_INVALID_ARGUMENT"),
    ],
)
def test_a_device_that_is_not_there(
    machine: Machine, reader: Reader, handle: str, refusal: str
) -> None:
    machine.put(Card(0))
    with pytest.raises(Refused, match=refusal):
        reader.ask(handle)


def test_a_card_that_is_pulled_is_lost_to_who_has_its_handle(
    machine: Machine, reader: Reader
) -> None:
    machine.put(Card(0))
    assert reader.ask("[handle := gpu(0), nvmlDeviceGetIndex(handle)][1]") == 0
    machine.pull(Card(0))
    with pytest.raises(Refused, match="NVML_ERROR_GPU_IS_LOST"):
        reader.ask(USED.replace("gpu(0)", "handle"))


def test_both_versions_of_the_memory_info(machine: Machine, reader: Reader) -> None:
    machine.put(Card(total=80 * GIB, reserved=GIB, base=3 * MIB))
    assert reader.ask("nvmlDeviceGetMemoryInfo(gpu(0))") == {
        "total": 80 * GIB,
        "used": GIB + 3 * MIB,
        "free": 79 * GIB - 3 * MIB,
    }
    v2 = reader.ask("nvmlDeviceGetMemoryInfo(gpu(0), version=nvmlMemory_v2)")
    assert (v2["total"], v2["reserved"], v2["used"]) == (80 * GIB, GIB, 3 * MIB)
    assert v2["free"] == 79 * GIB - 3 * MIB
    machine.put(Card(total=80 * GIB, reserved=GIB, base=3 * MIB, v2_used_has_reserved=1))
    assert reader.ask(USED) == GIB + 3 * MIB


def test_a_struct_of_another_version_is_refused(machine: Machine, reader: Reader) -> None:
    machine.put(Card())
    with pytest.raises(Refused, match="NVML_ERROR_ARGUMENT_VERSION_MISMATCH"):
        reader.ask("nvmlDeviceGetMemoryInfo(gpu(0), version=nvmlMemory_v2 + 8)")


def test_a_processs_bytes_count_while_it_lives(machine: Machine, reader: Reader) -> None:
    machine.put(Card(), Card(1))
    assert reader.ask(PROCESSES) == []
    with a_process_holds(machine, 2 * GIB) as process:
        assert reader.ask(USED) == 2 * GIB
        assert reader.ask(PROCESSES) == [
            {
                "pid": process.pid,
                "usedGpuMemory": 2 * GIB,
                "gpuInstanceId": 0xFFFFFFFF,
                "computeInstanceId": 0xFFFFFFFF,
            }
        ]
        assert reader.ask("nvmlDeviceGetMemoryInfo(gpu(1), version=nvmlMemory_v2).used") == 0
        assert pids(reader, 1) == []
        name = reader.ask(f"nvmlSystemGetProcessName({process.pid})")
        assert name == os.path.realpath(sys.executable)
    assert reader.ask(USED) == 0
    assert reader.ask(PROCESSES) == []


def test_bytes_are_resized_freed_and_added_up(machine: Machine, reader: Reader) -> None:
    machine.put(Card())
    steps = "b = standin_gpu.use(5); a.resize(7); print(flush=True); sys.stdin.readline();"
    steps += "a.free(); print(flush=True); sys.stdin.read()"
    with a_process_holds(machine, GIB, then=steps) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        assert reader.ask(f"[p.usedGpuMemory for p in {PROCESSES}]") == [12]
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        assert reader.ask(USED) == 5
        assert pids(reader) == [process.pid]


def test_who_is_killed_holds_nothing(machine: Machine, reader: Reader) -> None:
    machine.put(Card())
    with a_process_holds(machine, GIB) as process:
        assert reader.ask(USED) == GIB
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert reader.ask(USED) == 0
        assert reader.ask(PROCESSES) == []


def test_a_childs_life_does_not_keep_its_parents_bytes(machine: Machine, reader: Reader) -> None:
    machine.put(Card())
    fork = "import os; child = os.fork(); child and print(child, flush=True); sys.stdin.read()"
    with a_process_holds(machine, GIB, then=fork) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert reader.ask(USED) == 0
        os.kill(child, signal.SIGKILL)


def test_who_holds_can_read(machine: Machine) -> None:
    """A process that opened and closed its own lock file would lose its lock."""
    machine.put(Card())
    with machine.reader() as reader:
        reader.ask("[nvmlInit(), a := __import__('standin_gpu').use(3 * 2**20)] and None")
        for _ in range(2):
            assert reader.ask(USED) == 3 * MIB
            assert pids(reader) == [reader.pid]
        with machine.reader() as another:
            another.ask("nvmlInit()")
            assert another.ask(USED) == 3 * MIB
            assert pids(another) == [reader.pid]


def test_bytes_come_back_late_where_the_driver_is_slow(machine: Machine, reader: Reader) -> None:
    machine.put(Card(linger_ms=600_000))
    with a_process_holds(machine, GIB):
        assert reader.ask(USED) == GIB
    assert reader.ask(USED) == GIB
    assert reader.ask(PROCESSES) == []
    machine.put(Card(linger_ms=50))
    wait_for(lambda: reader.ask(USED) == 0)


def test_a_change_is_read_whole(machine: Machine, reader: Reader) -> None:
    machine.put(Card(base=MIB))
    sizes = "for i in range(10**9): a.resize((i % 2 + 1) * 2**30)"
    with a_process_holds(machine, GIB, then=f"exec('{sizes}')") as process:
        expression = USED.replace("gpu(0)", "handle")
        reader.ask("[handle := gpu(0)] and None")
        seen = set(reader.ask(f"[{expression} for _ in range(3000)]"))
        process.kill()
    assert seen == {GIB + MIB, 2 * GIB + MIB}


def test_it_can_be_loaded_into_the_tests_own_process(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pynvml = importlib.import_module("pynvml")
    machine.put(Card(base=MIB))
    machine.load(monkeypatch)
    pynvml.nvmlInit()
    assert pynvml.nvmlDeviceGetMemoryInfo(pynvml.nvmlDeviceGetHandleByIndex(0)).used > MIB
    pynvml.nvmlShutdown()


def test_tenants_stay_until_they_move_out(machine: Machine, reader: Reader) -> None:
    tenant = Tenant(4242, 3 * GIB, name="/opt/neighbour", told=0)
    machine.put(Card())
    machine.move_in(tenant, Tenant(4343, GIB, kind="graphics"), Tenant(4444, MIB, kind="mps"))
    assert reader.ask(USED) == 4 * GIB + MIB
    assert reader.ask(f"[(p.pid, p.usedGpuMemory) for p in {PROCESSES}]") == [[4242, 0]]
    assert reader.ask("nvmlSystemGetProcessName(4242)") == "/opt/neighbour"
    for kind, pid in (("Graphics", 4343), ("MPSCompute", 4444)):
        listed = f"[p.pid for p in nvmlDeviceGet{kind}RunningProcesses(gpu(0))]"
        assert reader.ask(listed) == [pid]
    machine.move_out(tenant)
    assert reader.ask(USED) == GIB + MIB
    assert pids(reader) == []
    with pytest.raises(Refused, match="NVML_ERROR_NOT_FOUND"):
        reader.ask("nvmlSystemGetProcessName(4242)")


def test_per_process_figures_can_be_missing(machine: Machine, reader: Reader) -> None:
    machine.put(Card(processes=Listing.UNAVAILABLE), Card(1))
    machine.move_in(Tenant(77, GIB), Tenant(78, GIB, card="1", processes=Listing.HIDDEN))
    for version in ("v2", "v3"):
        listed = f"nvmlDeviceGetComputeRunningProcesses_{version}(gpu(0))"
        assert reader.ask(f"[(p.pid, p.usedGpuMemory) for p in {listed}]") == [[77, None]]
    assert reader.ask(USED) == GIB
    assert reader.ask("nvmlDeviceGetMemoryInfo(gpu(1), version=nvmlMemory_v2).used") == GIB
    assert pids(reader, 1) == []


@pytest.fixture
def _namespaces() -> None:
    tried = subprocess.run([*IN_ITS_OWN_PID_NAMESPACE, "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no PID namespace can be made here: {tried.stderr.decode().strip()}")


@pytest.mark.usefixtures("_namespaces")
def test_a_reader_in_another_pid_namespace_sees_bytes_and_nobody(machine: Machine) -> None:
    machine.put(Card())
    with a_process_holds(machine, GIB), machine.reader(*IN_ITS_OWN_PID_NAMESPACE) as reader:
        reader.ask("nvmlInit()")
        assert reader.ask("__import__('os').getpid()") == 1
        assert reader.ask(USED) == GIB
        assert reader.ask(PROCESSES) == []


@pytest.mark.usefixtures("_namespaces")
def test_who_holds_in_a_pid_namespace_below_is_seen_by_its_pid_here(
    machine: Machine, reader: Reader
) -> None:
    machine.put(Card())
    with a_process_holds(machine, GIB, *IN_ITS_OWN_PID_NAMESPACE) as outer:
        (pid,) = pids(reader)
        assert pid not in (1, outer.pid)
        os.kill(pid, signal.SIGKILL)
        outer.wait()
        assert reader.ask(USED) == 0
