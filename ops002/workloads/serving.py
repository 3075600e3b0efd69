"""What a trial asks of a workload that infers when it is asked to: a worker, a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from ops002.clock import Clock
from ops002.config.schema import KillFault, RequestedFault, WorkerFault
from ops002.executors import Executor, Running
from ops002.measurement import Evidence, Reading
from ops002.points import Sweep
from ops002.probes import Probe
from ops002.workloads.gauge import EngineGauge
from ops002.workloads.held_memory import HeldMemory
from ops002.workloads.torch_allocator import TorchAllocator

# Under the memory limit an error must cost more than the tolerance, or keeping it would pass
# unseen: headroom is this many tolerances, or this share of what a plain inference needs.
_HEADROOM_TOLERANCES: Final = 4
_HEADROOM_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class HealthyInference:
    """What one healthy inference took: time, and how far it raised memory."""

    seconds: float = 0.0
    peak_bytes: int = 0

    def headroom(self, tolerance_bytes: int) -> int:
        """Bytes that an inference under the memory limit may take before it runs out."""
        return max(_HEADROOM_TOLERANCES * tolerance_bytes, int(_HEADROOM_SHARE * self.peak_bytes))


@dataclass(frozen=True, slots=True)
class Quiesced:
    """What was done to give free memory back; ``failed`` says what couldn't be."""

    did: tuple[str, ...]
    failed: str | None = None


ServedFault = TypeVar("ServedFault", bound=WorkerFault | RequestedFault)
_Forced_contra = TypeVar("_Forced_contra", bound=WorkerFault | RequestedFault, contravariant=True)


class ServingProcess(Protocol[_Forced_contra]):
    """A started workload, and what can be asked of it. Every method may raise `WorkloadError`."""

    again: Callable[[], None]
    """Called when an attempt at a fault turned out healthy and another follows."""

    allocator: TorchAllocator
    """What torch's CUDA allocator in it says of itself, if there is one."""

    @property
    def held(self) -> HeldMemory | None:
        """What it says of who holds its memory, if it can be asked."""
        ...

    @property
    def gauge(self) -> EngineGauge | None:
        """What an engine says of itself, if it does."""
        ...

    @property
    def running(self) -> Running:
        """Its processes and its end."""
        ...

    @property
    def sweep(self) -> Sweep | None:
        """What its sweep saw so far; None if the fault it was made ready for isn't one."""
        ...

    def on_tick(self, tick: Callable[[], None]) -> None:
        """What to do, many times a second, while the workload is waited for."""
        ...

    def load(self, device: str) -> None:
        """Load what it serves."""
        ...

    def must_have(self, fault: _Forced_contra) -> None:
        """Make sure that it can be forced to the fault."""
        ...

    def infer(self) -> float:
        """One healthy inference; how many seconds it took."""
        ...

    def make_ready(self, fault: _Forced_contra) -> None:
        """Make sure, once it is warm, that the fault's limit can be set and hits nothing else."""
        ...

    def collect(self) -> None:
        """Collect garbage."""
        ...

    def quiesce(self) -> Quiesced:
        """Give free memory back."""
        ...

    def force(
        self, fault: _Forced_contra, healthy: HealthyInference, tolerance_bytes: int
    ) -> tuple[Evidence, ...]:
        """Force the fault once; everything that was seen of it."""
        ...

    def stop(self) -> str | None:
        """Ask it to end, and wait for that; what went wrong, if anything."""
        ...


class EndingProcess(ServingProcess[_Forced_contra], Protocol[_Forced_contra]):
    """One that a fault may end, too."""

    def make_ready(self, fault: _Forced_contra | KillFault) -> None:
        """The same for a kill."""
        ...

    def kill(self, fault: KillFault, healthy: HealthyInference) -> tuple[Evidence, ...]:
        """Kill it, or a part of it, in the middle of an inference; what was seen of that."""
        ...

    def wait_for_exit(self) -> int | None:
        """The exit status of one that is about to end; None if it didn't by its deadline."""
        ...


Starter = Callable[[Executor, Mapping[str, str], Path, Clock], EndingProcess[ServedFault]]
"""Starts a workload in a place, with an environment, its output in a file. May raise `StartFailed`.
"""


def healthy_inference(process: ServingProcess[ServedFault], probe: Probe) -> HealthyInference:
    """One healthy inference, with its time and its peak."""
    root = process.running.root
    process.allocator.begin()
    probe.reset_peak(root)
    before = probe.read_peak(root)
    seconds = process.infer()
    after = probe.read_peak(root)
    rise = process.allocator.rise_bytes
    if rise is not None:
        return HealthyInference(seconds, rise)
    if isinstance(before, Reading) and isinstance(after, Reading):
        return HealthyInference(seconds, max(0, after.bytes - before.bytes))
    return HealthyInference(seconds)
