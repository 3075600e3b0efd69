"""A trial without processes and without time: the gate's own code, over a recorded memory.

What is replaced is what touches the world: the clock, the instrument and the workload. The trial,
its waits, the settle rule and the verdict are the gate's.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.error_rates.trace import Trace, Wait
from ops002.clock import Clock
from ops002.config.resolved import Scenario
from ops002.config.schema import WorkerFault
from ops002.measurement import (
    Evidence,
    JudgedDevice,
    Measurement,
    Missing,
    Phase,
    Process,
    Reading,
    Seen,
    Snapshot,
    Source,
    Stage,
)
from ops002.probes import Look
from ops002.trials.recording import Recording
from ops002.trials.serving import ServingTrial
from ops002.workloads.held_memory import HeldMemory
from ops002.workloads.serving import HealthyInference, Quiesced
from ops002.workloads.torch_allocator import TorchAllocator

JUDGED = JudgedDevice(device="cpu", instrument="replayed")
READING_SECONDS = 0.002
ROOT = Process(pid=1, started=0, name="replayed", command="replayed")


@dataclass(frozen=True)
class Disturbance:
    """What is added to a recorded memory, in bytes; noise as standard deviations.

    ``rises`` are kept from their fault on: the fault (from 0) and the size. ``reading_noise`` is
    drawn for each reading, ``level_noise`` for each wait: allocators come to rest at another place
    each time.
    """

    rises: tuple[tuple[int, int], ...] = ()
    reading_noise: float = 0.0
    level_noise: float = 0.0

    @property
    def leaked_bytes(self) -> int:
        """What is kept in the end."""
        return sum(size for _, size in self.rises)


class VirtualClock(Clock):
    """Time that passes only when somebody sleeps or reads."""

    def __init__(self) -> None:
        super().__init__(max_duration=float("inf"))
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def check(self) -> None:
        """Nothing ends a replay."""

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Memory:
    """The recorded memory, at the stage where the trial is: an onlooker keeps it in step."""

    trace: Trace
    disturbance: Disturbance
    chance: random.Random
    clock: VirtualClock
    _wait: Wait = ((0.0, 0),)
    _began: float = 0.0
    _level: float = 0.0
    _faults: int = 0
    _counts: dict[Stage, int] = field(default_factory=dict)

    def trial(self, scenario: str, fault: str) -> None:
        """Nothing."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Nothing."""

    def output(self, lines: Sequence[str]) -> None:
        """Nothing."""

    def wipe(self) -> None:
        """Nothing."""

    def stage(self, stage: Stage, fault: int | None) -> None:
        """Another wait begins."""
        number = self._counts.get(stage, 0)
        self._counts[stage] = number + 1
        self._wait = self.trace.wait(stage, number)
        self._began = self.clock.now()
        if stage is Stage.AFTER_ERROR and fault is not None:
            self._faults = fault + 1
        self._level = self.chance.gauss(0.0, self.disturbance.level_noise) + sum(
            size for fault, size in self.disturbance.rises if fault < self._faults
        )

    def read(self) -> int:
        self.clock.sleep(READING_SECONDS)
        passed = self.clock.now() - self._began
        recorded = self._wait[0][1]
        for at, size in self._wait:
            if at > passed:
                break
            recorded = size
        noise = self.chance.gauss(0.0, self.disturbance.reading_noise)
        return max(0, recorded + round(self._level + noise))


class ReplayedProbe:
    """Reads the recorded memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._peak = 0

    @property
    def devices(self) -> tuple[JudgedDevice, ...]:
        return (JUDGED,)

    @property
    def environment(self) -> Mapping[str, str]:
        return {}

    def read(self, _processes: Sequence[Process]) -> Look:
        size = self._memory.read()
        return Look((Reading(device=JUDGED.device, instrument=JUDGED.instrument, bytes=size),))

    def poll(self, _processes: Sequence[Process]) -> int:
        return 0

    def reset_peak(self, _process: Process) -> None:
        self._peak = 0

    def read_peak(self, _process: Process) -> Reading | Missing:
        size, self._peak = self._peak, self._memory.trace.rise
        return Reading(device=JUDGED.device, instrument="replayed-peak", bytes=size)


class NothingRuns:
    """A started thing without a process."""

    root = ROOT

    def send(self, line: bytes) -> None:
        raise NotImplementedError

    def receive(self, seconds: float) -> bytes | None:
        raise NotImplementedError

    def exit_status(self) -> int | None:
        return None

    def processes(self) -> tuple[Process, ...]:
        return (ROOT,)

    def output(self, start: int = 0) -> str:
        return ""[start:]

    def output_mark(self) -> int:
        return 0

    def kill_root(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        """Nothing."""


class ReplayedProcess:
    """A workload that does as it did."""

    gauge = None

    def __init__(self) -> None:
        self.running = NothingRuns()
        self.allocator = TorchAllocator(lambda _reset: {})
        self.held = HeldMemory(_says_nothing, 0.0, "")
        self.again: Callable[[], None] = lambda: None
        self._tick: Callable[[], None] = lambda: None

    def on_tick(self, tick: Callable[[], None]) -> None:
        self._tick = tick

    def load(self, device: str) -> None:
        """Nothing."""

    def must_have(self, fault: WorkerFault) -> None:
        """Nothing."""

    @property
    def sweep(self) -> None:
        """None was made."""

    def infer(self) -> float:
        return 0.1

    def make_ready(self, fault: WorkerFault) -> None:
        """Nothing."""

    def collect(self) -> None:
        """Nothing."""

    def quiesce(self) -> Quiesced:
        return Quiesced(("replayed",))

    def stop(self) -> None:
        """Nothing."""

    def force(
        self, _fault: WorkerFault, _healthy: HealthyInference, _tolerance_bytes: int
    ) -> tuple[Evidence, ...]:
        self._tick()
        return (
            Evidence(source=Source.WORKLOAD, what=Seen.EXCEPTION, value=("MemoryError",)),
            Evidence(source=Source.WORKLOAD, what=Seen.MESSAGE, value="out of memory"),
        )


def _says_nothing(operation: str, seconds: float, **fields: object) -> dict[str, Any]:  # noqa: ARG001
    return {}


def replay(
    trace: Trace, disturbance: Disturbance, scenario: Scenario, chance: random.Random
) -> Measurement:
    """Carry out the scenario's first fault over a recorded, disturbed memory."""
    clock = VirtualClock()
    memory = Memory(trace, disturbance, chance, clock)
    probe = ReplayedProbe(memory)
    recording = Recording((Phase.AFTER_ERROR,), probe, clock, memory)
    trial = ServingTrial(scenario, ReplayedProcess(), recording, probe=probe, clock=clock)
    (fault, *_) = scenario.faults
    # `scenario` has a fault inside the worker: no other can be replayed.
    trial.run(fault, load=True)  # type: ignore[arg-type]
    return recording.measurement()
