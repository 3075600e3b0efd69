"""What was observed, before anybody judges it: the data between the trial and the verdict.

Bytes are integers, times are seconds since the scenario began. "Could not read" is the type
`Missing`, so that no arithmetic can mistake it for zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import Final

from ops002.points import Sweep
from ops002.retention import Retention

TORCH_ALLOCATED: Final = "torch-allocated"
"""Bytes of live tensors, as torch's CUDA allocator in the workload says: once per settled wait."""
TORCH_RESERVED: Final = "torch-reserved"
"""What that allocator has of the device, live or kept in reserve."""
TORCH_PEAK: Final = "torch-peak"
"""Most bytes of live tensors since the fault began."""


class Source(str, Enum):
    """Who observed a piece of evidence; what the workload says of itself is only ever its own."""

    DRIVER = "driver"
    KERNEL = "kernel"
    GATE = "gate"
    WORKLOAD = "workload"


class Stage(str, Enum):
    """The part of a trial in which a snapshot was taken."""

    BEFORE_START = "before-start"
    WARM_UP = "warm-up"
    CONTROL = "control"
    BASELINE = "baseline"
    FAULT = "fault"
    HEALTHY_TRY = "healthy-try"  # an attempt at the fault that turned out to be healthy
    AFTER_ERROR = "after-error"
    AFTER_COLLECT = "after-collect"
    AFTER_INFERENCE = "after-inference"
    AFTER_EXIT = "after-exit"


class Phase(str, Enum):
    """What is judged: the workload alive after its error, or what it left behind."""

    AFTER_ERROR = "after-error"
    AFTER_EXIT = "after-exit"


class IncidentKind(str, Enum):
    """What went wrong in a trial, apart from memory. The words are those of the reasons."""

    INTERRUPTED = "interrupted"
    INTERNAL_ERROR = "internal-error"
    UNSUPPORTED_DEVICE = "unsupported-device"
    DIRTY_DEVICE = "dirty-device"
    WORKLOAD_FAILED = "workload-failed"
    NO_READING = "no-reading"
    FAULT_TIMEOUT = "fault-timeout"
    WORKLOAD_RESTARTED = "workload-restarted"
    WORKLOAD_DIED = "workload-died"
    NOT_SERVING = "not-serving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One number of bytes, from one instrument, for one device."""

    device: str
    instrument: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A reading that could not be taken, and why."""

    device: str
    instrument: str
    missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process of the workload. Its PID and ``started`` are who it is: PIDs are given anew.

    ``started`` is in clock ticks since the system's start (the 22nd field of /proc/PID/stat), which
    setting the clock doesn't move.
    """

    pid: int
    started: int
    name: str
    command: str


class Owner(str, Enum):
    """Whose a process is that holds memory of a device."""

    WORKLOAD = "workload"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMemory:
    """One process's part of a device's memory; `Missing` where it could not be read."""

    device: str
    pid: int
    name: str
    owner: Owner
    bytes: int | Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All readings of one moment. ``fault`` counts from 0 and is None outside of a fault."""

    seconds: float
    stage: Stage
    fault: int | None
    readings: tuple[Reading | Missing, ...]
    processes: tuple[ProcessMemory, ...] = ()

    def reading(self, device: str, instrument: str) -> Reading | Missing | None:
        """What ``instrument`` said about ``device``; None if it wasn't asked."""
        for reading in self.readings:
            if reading.device == device and reading.instrument == instrument:
                return reading
        return None


class Seen(str, Enum):
    """What a piece of evidence is about."""

    EXCEPTION = "exception"  # class names, the class itself first, then its bases
    MESSAGE = "message"
    RAISED_AT = "raised-at"
    RETURNED = "returned"
    EXIT_STATUS = "exit-status"  # as a shell shows it: a signal is 128 + n
    OUTPUT = "output"  # the piece of output that the expected pattern matched
    MEMORY_LIMIT = "memory-limit"  # bytes of address space, on GPUs of torch's allocator
    SIZE = "size"  # the size of inference that failed
    KILLED_AFTER = "killed-after"  # milliseconds into an inference that was still running
    ALLOCATOR_OOMS = "allocator-ooms"  # times that torch's CUDA allocator ran out of memory
    POINTS = "points"  # operators of the inference that ask for memory
    POINTS_RAISED = "points-raised"  # those that ran out of memory, one an inference
    POINTS_FAILED = "points-failed"  # of these: the inference ended with an error
    POINTS_MISSED = "points-missed"  # those that a healthy inference did not come to
    OUT_OF_REACH = "out-of-reach"  # what the inference does where no operator can be made to fail
    REQUESTS = "requests"  # how many were made at once to force the fault
    STATUS = "status"  # of an HTTP answer; of a burst every status that was seen
    BODY = "body"  # the piece of an answer that the expected pattern matched
    OTHER_BODY = "other-body"  # the beginning of an answer that it didn't match
    NO_ANSWER = "no-answer"  # why a request got none
    LEFT_AT = "left-at"  # bytes of the answer's body that had come when the client went away
    HEALTHY_FAILED = "healthy-failed"  # of the healthy requests beside a burst: how many, and why
    KILLED_CHILD = "killed-child"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """An observation about a fault, with who made it."""

    source: Source
    what: Seen
    value: str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRecord:
    """One forced fault and everything that was seen of it. Whether it fired is judged later."""

    index: int
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What went wrong, and where. ``signal``: the number of the one that interrupted the gate."""

    kind: IncidentKind
    stage: Stage
    detail: str
    signal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedDevice:
    """A device and the instrument whose readings are judged on it.

    Where others may be on the device, ``own`` and ``others`` are the instruments that say what the
    workload's processes hold of it, and what everybody else's do; None where nobody else can be.
    """

    device: str
    instrument: str
    own: str | None = None
    others: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeReading:
    """What the engine's own gauge said; the workload's own word."""

    seconds: float
    stage: Stage
    fault: int | None
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeMissing:
    """A gauge that could not be read, and why."""

    seconds: float
    stage: Stage
    fault: int | None
    missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Everything that was observed in one trial: enough to judge it again, later, elsewhere.

    ``quiesce`` is what was done before each reading; ``health`` are remarks on how it went;
    ``retention`` is who holds what was retained, in the workload's words.
    """

    phases: tuple[Phase, ...]
    devices: tuple[JudgedDevice, ...]
    snapshots: tuple[Snapshot, ...]
    faults: tuple[FaultRecord, ...] = ()
    incidents: tuple[Incident, ...] = ()
    survivors: tuple[Process, ...] = ()
    quiesce: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    output_tail: tuple[str, ...] = ()
    sweep: Sweep | None = None
    retention: Retention | None = None
    gauge: tuple[GaugeReading | GaugeMissing, ...] = ()

    def series(self, stage: Stage) -> tuple[tuple[Snapshot, ...], ...]:
        """The snapshots of a stage, one group per uninterrupted wait, in the order of time."""
        return tuple(_groups(self.snapshots, stage))


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredTrial:
    """A measurement, and the places (from 0) of its scenario and fault in the config."""

    scenario: int
    fault: int
    attempt: int
    measurement: Measurement


def _groups(snapshots: Sequence[Snapshot], stage: Stage) -> Iterator[tuple[Snapshot, ...]]:
    for key, group in groupby(snapshots, key=lambda snapshot: (snapshot.stage, snapshot.fault)):
        if key[0] is stage:
            yield tuple(group)
