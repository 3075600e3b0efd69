"""Small measurements, limits and results that pass; a test changes the one thing it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from ops002.config.parameters import resolved
from ops002.config.resolved import parse
from ops002.measurement import (
    Evidence,
    FaultRecord,
    GaugeReading,
    Incident,
    IncidentKind,
    JudgedDevice,
    MeasuredTrial,
    Measurement,
    Missing,
    Owner,
    Phase,
    Process,
    ProcessMemory,
    Reading,
    Seen,
    Snapshot,
    Source,
    Stage,
)
from ops002.result import Device, EnvironmentFacts, GateResult, GitFacts, Made, Tool, gate_result
from ops002.verdict.expect import Expectation, Nature
from ops002.verdict.limits import Limits

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB
TIB: Final = 1024 * GIB

CPU: Final = JudgedDevice(device="cpu", instrument="pss-anon-shmem")
PEAK: Final = "rss-peak"
STEP_SECONDS: Final = 0.25
WINDOW_SECONDS: Final = 0.5

OUT_OF_MEMORY: Final = (
    Evidence(
        source=Source.WORKLOAD,
        what=Seen.EXCEPTION,
        value=("torch.OutOfMemoryError", "RuntimeError", "Exception"),
    ),
    Evidence(source=Source.WORKLOAD, what=Seen.MESSAGE, value="can't allocate memory"),
    Evidence(source=Source.WORKLOAD, what=Seen.RAISED_AT, value=("a.py:3 infer", "a.py:9 attend")),
)
RETURNED: Final = Evidence(source=Source.WORKLOAD, what=Seen.RETURNED, value="without an error")


def exit_status(status: int, source: Source = Source.KERNEL) -> Evidence:
    return Evidence(source=source, what=Seen.EXIT_STATUS, value=status)


def output(text: str, source: Source = Source.GATE) -> Evidence:
    return Evidence(source=source, what=Seen.OUTPUT, value=text)


def raised(*classes: str, message: str | None = None) -> tuple[Evidence, ...]:
    seen = [Evidence(source=Source.WORKLOAD, what=Seen.EXCEPTION, value=classes)]
    if message is not None:
        seen.append(Evidence(source=Source.WORKLOAD, what=Seen.MESSAGE, value=message))
    return tuple(seen)


def call(**keys: Any) -> Expectation:
    return Expectation(nature=Nature.EXCEPTION, **keys)


def ends(**keys: Any) -> Expectation:
    return Expectation(nature=Nature.FAILING_EXIT, **keys)


def reading(size: int, instrument: str = CPU.instrument, device: str = CPU.device) -> Reading:
    return Reading(device=device, instrument=instrument, bytes=size)


def missing(why: str = "PID 7: Permission denied") -> Missing:
    return Missing(device=CPU.device, instrument=CPU.instrument, missing=why)


def snapshot(
    stage: Stage, *readings: Reading | Missing, fault: int | None = None, seconds: float = 0.0
) -> Snapshot:
    return Snapshot(seconds=seconds, stage=stage, fault=fault, readings=readings)


def wait(stage: Stage, *sizes: int, fault: int | None = None) -> tuple[Snapshot, ...]:
    """Snapshots of the judged instrument, one per size."""
    return tuple(snapshot(stage, reading(size), fault=fault) for size in sizes)


def still(stage: Stage, size: int, fault: int | None = None) -> tuple[Snapshot, ...]:
    """A wait that held still for exactly a window."""
    return wait(stage, size, size, size, fault=fault)


def timeline(snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    """The snapshots, one step of time apart."""
    return tuple(
        replace(one, seconds=STEP_SECONDS * number) for number, one in enumerate(snapshots)
    )


def limits(**changes: Any) -> Limits:
    """64 MiB of tolerance and of stake, two out-of-memory errors."""
    usual = Limits(
        tolerance_bytes=64 * MIB,
        min_at_stake_bytes=64 * MIB,
        window=WINDOW_SECONDS,
        band_bytes=4 * MIB,
        repeat=2,
        expectation=Expectation(nature=Nature.OUT_OF_MEMORY),
    )
    return replace(usual, **changes)


@dataclass(frozen=True, kw_only=True)
class Serving:
    """How memory went while a workload outlived its errors, in bytes."""

    before: int = 0
    controls: tuple[int, ...] = ()
    baseline: int = 1000 * MIB
    peak: int = 1600 * MIB
    after: int = 1000 * MIB
    each_adds: int = 0
    collected: int | None = None
    gone: int = 0
    repeat: int = 2
    evidence: tuple[Evidence, ...] = OUT_OF_MEMORY

    def measurement(self, **changes: Any) -> Measurement:
        snapshots = [
            *still(Stage.BEFORE_START, self.before),
            *chain.from_iterable(
                still(Stage.CONTROL, size, index) for index, size in enumerate(self.controls)
            ),
            *still(Stage.BASELINE, self.baseline),
        ]
        for index in range(self.repeat):
            snapshots += wait(Stage.FAULT, self.peak, fault=index)
            snapshots += still(Stage.AFTER_ERROR, self.after + index * self.each_adds, index)
        if self.collected is not None:
            snapshots += still(Stage.AFTER_COLLECT, self.collected)
        snapshots += still(Stage.AFTER_EXIT, self.gone)
        usual = Measurement(
            phases=(Phase.AFTER_ERROR, Phase.AFTER_EXIT),
            devices=(CPU,),
            snapshots=timeline(snapshots),
            faults=_records(self.repeat, self.evidence),
        )
        return replace(usual, **changes)


@dataclass(frozen=True, kw_only=True)
class Exiting:
    """How memory went while each error ended its workload, in bytes."""

    before: int = 0
    peak: int = 600 * MIB
    gone: int = 0
    repeat: int = 2
    evidence: tuple[Evidence, ...] = OUT_OF_MEMORY

    def measurement(self, **changes: Any) -> Measurement:
        snapshots = [*still(Stage.BEFORE_START, self.before)]
        for index in range(self.repeat):
            snapshots += wait(Stage.FAULT, self.peak, fault=index)
            snapshots += still(Stage.AFTER_EXIT, self.gone, index)
        usual = Measurement(
            phases=(Phase.AFTER_EXIT,),
            devices=(CPU,),
            snapshots=timeline(snapshots),
            faults=_records(self.repeat, self.evidence),
        )
        return replace(usual, **changes)


def _records(repeat: int, evidence: tuple[Evidence, ...]) -> tuple[FaultRecord, ...]:
    return tuple(FaultRecord(index=index, evidence=evidence) for index in range(repeat))


def with_wait(measurement: Measurement, stage: Stage, *sizes: int) -> Measurement:
    """The measurement with one more wait at its end."""
    return replace(
        measurement, snapshots=timeline((*measurement.snapshots, *wait(stage, *sizes, fault=9)))
    )


SHARED: Final = JudgedDevice(
    device=CPU.device, instrument=CPU.instrument, own="own", others="others"
)


def on_shared_device(
    measurement: Measurement,
    *,
    own: tuple[int | None, int | None] | None = None,
    others: tuple[int | None, int | None] = (0, 0),
    neighbours: tuple[Mapping[int, int], Mapping[int, int]] = ({}, {}),
) -> Measurement:
    """The measurement of a device that others may be on, in bytes before the first fault and since.

    What the workload holds is the device's reading less the others', where it isn't given; None is
    `Missing`. ``neighbours``: what each of the others holds that is listed, by its PID.
    """
    since = False
    snapshots = []
    for one in measurement.snapshots:
        since = since or one.stage is Stage.FAULT
        used = one.reading(CPU.device, CPU.instrument)
        theirs = others[since]
        ours = used.bytes - (theirs or 0) if own is None and isinstance(used, Reading) else None
        if own is not None:
            ours = own[since]
        told = (_told("own", ours), _told("others", theirs))
        listed = tuple(neighbour(pid, size) for pid, size in neighbours[since].items())
        snapshots.append(replace(one, readings=(*one.readings, *told), processes=listed))
    return replace(measurement, devices=(SHARED,), snapshots=tuple(snapshots))


def gauge(
    *, controls: Iterable[float] = (), baseline: float, during: float | None = None, after: float
) -> tuple[GaugeReading, ...]:
    """What an engine's gauge said, stage by stage."""
    told = [(Stage.CONTROL, value) for value in controls] + [(Stage.BASELINE, baseline)]
    told += [] if during is None else [(Stage.FAULT, during)]
    told.append((Stage.AFTER_ERROR, after))
    return tuple(
        GaugeReading(seconds=float(number), stage=stage, fault=None, value=value)
        for number, (stage, value) in enumerate(told)
    )


def neighbour(pid: int, size: int, name: str = "python") -> ProcessMemory:
    return ProcessMemory(device=CPU.device, pid=pid, name=name, owner=Owner.OTHER, bytes=size)


def _told(instrument: str, size: int | None) -> Reading | Missing:
    if size is None:
        return Missing(device=CPU.device, instrument=instrument, missing="nobody says")
    return reading(size, instrument)


def incident(
    kind: IncidentKind, detail: str = "what happened", signal: int | None = None
) -> Incident:
    return Incident(kind=kind, stage=Stage.FAULT, detail=detail, signal=signal)


def process(pid: int = 7, name: str = "worker") -> Process:
    return Process(pid=pid, started=15, name=name, command=f"{name} --serve")


def scenario_document(**changes: Any) -> dict[str, Any]:
    return {
        "name": "generate",
        "workload": {"kind": "python", "file": "generate.py"},
        "faults": ["oom"],
        **changes,
    }


def document(*scenarios: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A valid config document."""
    return {
        "version": 1,
        "device": "cpu",
        "repeat": 2,
        "scenarios": list(scenarios) or [scenario_document()],
        **changes,
    }


def made() -> Made:
    git = GitFacts(
        repository="org/repo",
        tested_sha="a" * 40,
        head_sha="b" * 40,
        base_sha="c" * 40,
        ref="main",
        run_url=None,
        config_ref=None,
        gate_changes=(),
    )
    host = Device(id="cpu", name="x86_64", uuid=None, total_bytes=16 * GIB)
    return Made(
        tool=Tool(name="ops002", version="1.2.3"),
        started_at="2026-01-02T03:04:05.678Z",
        finished_at="2026-01-02T03:05:06.789Z",
        environment=EnvironmentFacts(
            host="runner", os="Linux", python="3.10.1", driver=None, devices=(host,), git=git
        ),
    )


def gate(
    *measurements: Measurement,
    config: dict[str, Any] | None = None,
    incidents: tuple[Incident, ...] = (),
    attempts: bool = False,
) -> GateResult:
    """The judged run of a config whose scenarios have one fault each, the first of them tried.

    With ``attempts`` the first scenario again and again.
    """
    checked = parse(config or document(), {})
    measured = [
        MeasuredTrial(
            scenario=0 if attempts else number,
            fault=0,
            attempt=1 + number if attempts else 1,
            measurement=measurement,
        )
        for number, measurement in enumerate(measurements)
    ]
    return gate_result(checked, resolved(checked), measured, incidents, made())
