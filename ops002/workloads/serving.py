"""What a trial asks of a workload that lives on after its error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ops002.config_schema import WorkerFault
from ops002.executors import Running
from ops002.measurement import Evidence, Reading
from ops002.probes import Probe


@dataclass(frozen=True, slots=True)
class HealthyInference:
    """What one healthy inference took: time, and how far it raised memory."""

    seconds: float = 0.0
    peak_bytes: int = 0


class ServingProcess(Protocol):
    """A started workload, and what can be asked of it. Every method may raise `WorkloadError`."""

    again: Callable[[], None]
    """Called when an attempt at a fault turned out healthy and another follows."""

    @property
    def running(self) -> Running:
        """Its processes and its end."""
        ...

    def on_tick(self, tick: Callable[[], None]) -> None:
        """What to do, many times a second, while the workload is waited for."""
        ...

    def load(self, device: str) -> None:
        """Load what it serves."""
        ...

    def must_have(self, fault: WorkerFault) -> None:
        """Make sure that it can be forced to the fault."""
        ...

    def infer(self) -> float:
        """One healthy inference; how many seconds it took."""
        ...

    def warm_pools(self) -> None:
        """Have its libraries start their threads."""
        ...

    def collect(self) -> None:
        """Collect garbage."""
        ...

    def quiesce(self) -> tuple[str, ...]:
        """Give free memory back; what was done."""
        ...

    def force(
        self, fault: WorkerFault, healthy: HealthyInference, tolerance_bytes: int
    ) -> tuple[Evidence, ...]:
        """Force the fault once; everything that was seen of it."""
        ...


def healthy_inference(process: ServingProcess, probe: Probe) -> HealthyInference:
    """One healthy inference, with its time and its peak."""
    root = process.running.root
    probe.reset_peak(root)
    before = probe.read_peak(root)
    seconds = process.infer()
    after = probe.read_peak(root)
    if isinstance(before, Reading) and isinstance(after, Reading):
        return HealthyInference(seconds, max(0, after.bytes - before.bytes))
    return HealthyInference(seconds)
