"""What measuring GPUs costs, on the stand-in driver: beside the bare calls, and beside vLLM's rule.

The stand-in reads files at every call, so a call of it is dearer than the driver's own: ratios to
bare calls are those of this machine, times through the meter an upper bound.
"""

from __future__ import annotations

import ctypes
import math
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pynvml

from bench.overhead import run_config, run_seconds, trial_snapshots
from bench.table import Row
from ops002.probes.cuda_memory import CudaMemory
from ops002.probes.cuda_selection import select
from ops002.probes.meter_client import Meter
from ops002.probes.nvml import Nvml
from tests.standin_nvml import driver
from tests.standin_nvml.machine import GIB, MIB, Card, Machine, Tenant

GPUS = 8
ROUNDS = 200
SNAPSHOT_LIMIT = 1.5
READING_SECONDS = 0.002
RATE = 20
CPU_SHARE = 0.02
SAMPLED_SECONDS = 15.0
# vLLM's tests/utils.py, wait_for_gpu_memory_to_clear.
THEIR_INTERVAL = 5.0
DECISIONS = 8

# Memory that comes back by itself, when it is told.
RETURNING = """
import os, threading
from standin_gpu import use
def load(device): return use(1 << 30)
def infer(model): use(512 << 20).free()
def fail(model):
    held = use(2 << 30)
    threading.Timer(float(os.environ["BACK_AFTER"]), held.free).start()
    raise RuntimeError("boom")
"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        library = driver.build(Path(folder))
        eight = Machine(Path(folder) / "eight", library)
        _fill(eight)
        ctypes.CDLL(str(library))  # what is loaded by its path is found by its name, too
        with patch.dict(os.environ, eight.environment()):
            nvml = Nvml()
            uuids = [card.uuid for card in nvml.driver().cards]
            handles = {uuid: pynvml.nvmlDeviceGetHandleByUUID(uuid) for uuid in uuids}
            yield _snapshot(nvml, handles)
            yield _reading(uuids[0])
            yield from _sampling(handles[uuids[0]])
        yield _time_to_decision(Path(folder), Machine(Path(folder) / "one", library))


def _fill(machine: Machine) -> None:
    """GPUs with two processes each."""
    for index in range(GPUS):
        machine.put(Card(index))
        for pid in (os.getpid(), os.getppid()):
            machine.move_in(Tenant(pid, GIB, card=str(index)))


def _bare(handles: list[Any]) -> None:
    """The calls that a snapshot of these GPUs can't do without."""
    for handle in handles:
        pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)
        pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
        pynvml.nvmlDeviceGetGraphicsRunningProcesses(handle)
        pynvml.nvmlDeviceGetMPSComputeRunningProcesses(handle)


def _snapshot(nvml: Nvml, handles: dict[str, Any]) -> Row:
    def ours() -> None:
        for uuid in handles:
            nvml.sample(uuid)

    def bare() -> None:
        _bare(list(handles.values()))

    # In turn, so that a busy moment hits both.
    seconds = [(_seconds(ours), _seconds(bare)) for _ in range(ROUNDS)]
    own, least = (statistics.median(column) for column in zip(*seconds, strict=True))
    return Row(f"snapshot of {GPUS} GPUs / bare pynvml calls", own / least, SNAPSHOT_LIMIT)


def _reading(first: str) -> Row:
    with closing(Meter()) as meter:
        meter.driver()
        seconds = [_seconds(lambda: meter.sample([first])) for _ in range(ROUNDS)]
    return Row(
        "a reading through the meter / 2 ms", statistics.median(seconds) / READING_SECONDS, 1
    )


def _sampling(first: Any) -> Iterator[Row]:
    """CPU time of this process, which does what the gate does, and of the meter."""
    with closing(Meter()) as meter:
        memory = CudaMemory(meter, select("cuda", meter.driver().cards, {}))
        share = _share_of_a_core(lambda: memory.read(()), meter.pid)
    bare = _share_of_a_core(lambda: _bare([first]))
    label = f"CPU of sampling at {RATE} Hz / 2 % of a core"
    yield Row(f"{label}, bare calls included", share / CPU_SHARE, 1)
    yield Row(f"{label}, beyond bare calls", (share - bare) / CPU_SHARE, 1)


def _share_of_a_core(action: Callable[[], object], *others: int) -> float:
    """Of this process and of others, while the action is taken at the rate."""
    began, before = time.monotonic(), _cpu_seconds(others)
    for tick in range(int(SAMPLED_SECONDS * RATE)):
        time.sleep(max(0.0, began + tick / RATE - time.monotonic()))
        action()
    return (_cpu_seconds(others) - before) / (time.monotonic() - began)


def _cpu_seconds(others: tuple[int, ...]) -> float:
    """By the scheduler's count; the others have one thread."""
    counts = (Path(f"/proc/{pid}/schedstat").read_text().split()[0] for pid in others)
    return time.process_time() + sum(map(int, counts)) / 1e9


def _time_to_decision(folder: Path, machine: Machine) -> Row:
    """On each trace: from back to our decision, and from back to the next poll of theirs."""
    machine.put(Card(0, uuid="GPU-be0c0001"))
    ours, theirs = [], []
    waits = random.Random(2)
    for _ in range(DECISIONS):
        after = waits.uniform(0.2, THEIR_INTERVAL)
        config = run_config(folder, RETURNING, device="cuda", repeat=1, control=1)
        run_seconds(config, machine.environment(BACK_AFTER=str(after)))
        waited = [one for one in trial_snapshots(folder) if one["stage"] == "after-error"]
        began, decided = waited[0]["seconds"], waited[-1]["seconds"]
        # At the earliest just after the last reading that showed it.
        back = max(one["seconds"] for one in waited if one["readings"][0]["bytes"] > GIB + 64 * MIB)
        ours.append(decided - back)
        theirs.append(began + THEIR_INTERVAL * math.ceil((back - began) / THEIR_INTERVAL) - back)
    label = (
        f"back to decided, mean of {DECISIONS}: {statistics.mean(ours):.2f} s / "
        f"vLLM's rule {statistics.mean(theirs):.2f} s"
    )
    return Row(label, sum(ours) / sum(theirs), 1)


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


if __name__ == "__main__":
    for row in rows():
        print(row.render())
