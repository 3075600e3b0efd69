"""How a worker is forced to run out of memory; what it answers is scripted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from ops002.clock import Clock
from ops002.config_schema import CallFault, OomFault, PythonExpect, PythonWorkload
from ops002.executors import Running
from ops002.measurement import Evidence, Seen
from ops002.workloads import StepFailed
from ops002.workloads.python import PythonProcess
from ops002.workloads.serving import HealthyInference
from ops002.workloads.worker_channel import WorkerChannel
from tests.builders import GIB, MIB

OOM = OomFault(kind="oom")
CALL = CallFault(kind="call", expect=PythonExpect(match="boom"))
HAS_SIZE = {"ok": True, "has": {"size": True}}


class Silent:
    """A started thing that prints nothing."""

    def output_mark(self) -> int:
        return 0


@dataclass
class Worker:
    """Runs out of memory from a size on, and counts that; whether it says so, or returns."""

    trips_at: int
    swallows: bool = False
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    ooms: int = 0

    @property
    def running(self) -> Running:
        return cast("Running", Silent())

    def request(self, operation: str, _seconds: float, **fields: Any) -> dict[str, Any]:
        self.asked.append((operation, fields))
        if operation == "load":
            return HAS_SIZE
        tripped = operation == "oom" and fields["size"] >= self.trips_at
        self.ooms += tripped
        told = {"device": 0, "allocated": 1, "reserved": 1, "peak": 1, "ooms": self.ooms}
        return {
            "ok": not tripped or self.swallows,
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


def forced(worker: Worker, healthy: HealthyInference | None = None) -> tuple[Evidence, ...]:
    started = process(worker)
    started.allocator.begin()
    return started.force(OOM, healthy or HealthyInference(), 64 * MIB)


@pytest.mark.parametrize("swallows", [False, True])
def test_the_size_is_doubled_until_memory_runs_out_though_nobody_says_so(swallows: bool) -> None:  # noqa: FBT001 (a case)
    worker = Worker(trips_at=4, swallows=swallows)
    seen = forced(worker)
    assert worker.sizes() == [1, 2, 4]
    assert {item.what: item.value for item in seen}[Seen.ALLOCATOR_OOMS] == 1


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
