"""How a worker is forced to run out of memory; what it answers is scripted."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Any, cast

import pytest

from ops002.clock import Clock
from ops002.config.schema import CallFault, OomFault, PythonExpect, PythonWorkload
from ops002.executors import Running
from ops002.measurement import Evidence, Seen
from ops002.workloads import StepFailed
from ops002.workloads.python import PythonProcess
from ops002.workloads.serving import HealthyInference
from ops002.workloads.worker_channel import WorkerChannel
from tests.builders import GIB, MIB

OOM = OomFault(kind="oom")
RECOVERS = OomFault(kind="oom", expect=PythonExpect(recovers=True, output="less"))
CALL = CallFault(kind="call", expect=PythonExpect(match="boom"))
HAS_SIZE = {"ok": True, "has": {"size": True}}


class Started:
    """A started thing, as far as its output goes."""

    def output_mark(self) -> int:
        return 0

    def output(self, _start: int) -> str:
        return "less"


@dataclass
class Worker:
    """Runs out of memory from a size on, and counts that; whether it says so, or returns."""

    trips_at: int
    swallows: bool = False
    fails_at: float = inf
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ooms: int = 0

    @property
    def running(self) -> Running:
        return cast("Running", Started())

    def request(self, operation: str, _seconds: float, **fields: Any) -> dict[str, Any]:
        self.asked.append((operation, fields))
        if operation == "load":
            return HAS_SIZE
        tripped = operation == "oom" and fields["size"] >= self.trips_at
        self.ooms += tripped
        told = {"device": 0, "allocated": 1, "reserved": 1, "peak": 1, "ooms": self.ooms}
        return {
            "ok": not tripped or (self.swallows and fields["size"] < self.fails_at),
            "allocator": {"visible": 1, "devices": [told]},
        }

    def sizes(self) -> list[int]:
        return [fields["size"] for operation, fields in self.asked if operation == "oom"]


def process(worker: Worker, device: str = "cuda") -> PythonProcess:
    workload = PythonWorkload(kind="python", file="a.py")
    started = PythonProcess(workload, cast("WorkerChannel", worker), Clock(60))
    started.load(device)

    def again() -> None:
        started.allocator.begin()

    started.again = again
    return started


def forced(
    worker: Worker, healthy: HealthyInference | None = None, fault: OomFault | None = None
) -> tuple[Evidence, ...]:
    started = process(worker)
    started.allocator.begin()
    return started.force(fault or OOM, healthy or HealthyInference(), 64 * MIB)


@pytest.mark.parametrize(("fault", "swallows"), [(OOM, False), (RECOVERS, True)])
def test_the_size_is_doubled_until_memory_runs_out(fault: OomFault, *, swallows: bool) -> None:
    worker = Worker(trips_at=4, swallows=swallows)
    seen = forced(worker, fault=fault)
    assert worker.sizes() == [1, 2, 4]
    assert {item.what: item.value for item in seen}[Seen.ALLOCATOR_OOMS] == 1


def test_an_error_that_a_library_helps_itself_out_of_isnt_the_inferences() -> None:
    """A library does without the workspace that it asked for; a larger inference has no way out."""
    worker = Worker(trips_at=4, swallows=True, fails_at=16)
    forced(worker)
    assert worker.sizes() == [1, 2, 4, 8, 16]


def test_a_workload_that_always_helps_itself_isnt_asked_for_ever_more() -> None:
    worker = Worker(trips_at=4, swallows=True)
    started = process(worker)
    for _ in range(2):
        started.allocator.begin()
        started.force(OOM, HealthyInference(), 64 * MIB)
    assert worker.sizes() == [1, 2, 4, 8, 16, 32, 32]


@pytest.mark.parametrize(("peak", "headroom"), [
    (0, 256 * MIB),
    (512 * MIB, 256 * MIB),
    (GIB, 512 * MIB),
])  # fmt: skip
def test_headroom_is_four_tolerances_or_half_of_the_peak(peak: int, headroom: int) -> None:
    worker = Worker(trips_at=1)
    forced(worker, HealthyInference(peak_bytes=peak))
    assert worker.asked[-1][1]["headroom"] == headroom


def test_thread_pools_are_started_only_where_address_space_will_be_short() -> None:
    for device, operations in (("cpu", ["load", "warm_pools"]), ("cuda", ["load", "allocator"])):
        worker = Worker(trips_at=1)
        process(worker, device).make_ready(OOM)
        assert [operation for operation, _ in worker.asked] == operations


class NoTorch(Worker):
    """Has no torch."""

    def request(self, operation: str, _seconds: float, **_fields: Any) -> dict[str, Any]:
        return HAS_SIZE if operation == "load" else {"ok": True, "allocator": {"why": "no torch"}}


def test_without_an_allocator_only_oom_is_impossible() -> None:
    started = process(NoTorch(trips_at=1))
    started.make_ready(CALL)
    with pytest.raises(StepFailed, match=r"after the warm-up no torch: .* use call"):
        started.make_ready(OOM)
