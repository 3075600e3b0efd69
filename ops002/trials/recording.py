"""Collects what a trial observes into a `Measurement`. All text from outside is cleaned here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf
from typing import Final, Protocol

from ops002.measurement import (
    Evidence,
    FaultRecord,
    GaugeMissing,
    GaugeReading,
    Incident,
    IncidentKind,
    Measurement,
    Missing,
    Owner,
    Phase,
    Process,
    ProcessMemory,
    Reading,
    Snapshot,
    Stage,
)
from ops002.points import Sweep
from ops002.probes import Look, Probe
from ops002.retention import Retention
from ops002.text import clean
from ops002.trials.onlooker import Onlooker

_OUTPUT_LINES: Final = 20
_NAME: Final = 100
_PLACE: Final = 300
_MOST_PROCESSES: Final = {Owner.WORKLOAD: 20, Owner.OTHER: 100}
"""Of each device, the biggest. Others are compared one by one, those beyond only as a sum."""


class Now(Protocol):
    """The part of the clock that a recording needs."""

    def now(self) -> float:
        """Seconds since the run began."""
        ...


class Recording:
    """The measurement of one trial, while it is being made."""

    def __init__(
        self, phases: tuple[Phase, ...], probe: Probe, clock: Now, onlooker: Onlooker
    ) -> None:
        self._phases = phases
        self._onlooker = onlooker
        self._probe = probe
        self._clock = clock
        self._snapshots: list[Snapshot] = []
        self._faults: list[FaultRecord] = []
        self._incidents: list[Incident] = []
        self._survivors: tuple[Process, ...] = ()
        self._quiesce: tuple[str, ...] = ()
        self._health: list[str] = []
        self._output: tuple[str, ...] = ()
        self._sweep: Sweep | None = None
        self._retention: Retention | None = None
        self._gauge: list[GaugeReading | GaugeMissing] = []
        self.stage = Stage.BEFORE_START
        self.fault: int | None = None

    def enter(self, stage: Stage, fault: int | None = None) -> None:
        """What happens from now on belongs to this stage (and fault)."""
        self.stage, self.fault = stage, fault
        self._onlooker.stage(stage, fault)

    def snapshot(self, processes: Sequence[Process]) -> Snapshot:
        """Read all instruments now, and keep what they say."""
        taken = self._keep(self._probe.read(processes))
        self._onlooker.snapshot(taken)
        return taken

    def peak(self, process: Process) -> None:
        """Keep the kernel's high-water mark of a process."""
        self.keep_peak(self._probe.read_peak(process))

    def keep_peak(self, reading: Reading | Missing) -> None:
        """Keep a high-water mark that was read."""
        self._keep(Look((reading,)))

    def keep_told(self, readings: Sequence[Reading]) -> None:
        """Keep what the workload says of itself, as a snapshot of its own."""
        if readings:
            self._keep(Look(tuple(readings)))

    def add_told(self, readings: Sequence[Reading]) -> None:
        """Keep what the workload says of itself with the last snapshot, since which it was idle."""
        last = self._snapshots[-1]
        self._snapshots[-1] = replace(last, readings=(*last.readings, *readings))

    def _keep(self, look: Look) -> Snapshot:
        snapshot = Snapshot(
            seconds=round(self._clock.now(), 4),
            stage=self.stage,
            fault=self.fault,
            readings=look.readings,
            processes=_biggest(look.processes),
        )
        self._snapshots.append(snapshot)
        return snapshot

    def add_phase(self, phase: Phase) -> None:
        """One more phase is due in this trial."""
        self._phases = (*self._phases, phase)

    def begin_with(self, earlier: Sequence[Snapshot]) -> None:
        """Take over snapshots that were taken before this trial (those before the start)."""
        self._snapshots.extend(earlier)

    def add_fault(self, index: int, evidence: Iterable[Evidence]) -> None:
        """Keep what was seen of one fault."""
        self._faults.append(FaultRecord(index=index, evidence=tuple(map(_clean, evidence))))

    def add_incident(self, kind: IncidentKind, detail: str, signal: int | None = None) -> None:
        """Keep why the trial ends early."""
        self._incidents.append(
            Incident(kind=kind, stage=self.stage, detail=clean(detail), signal=signal)
        )

    def set_survivors(self, processes: Sequence[Process]) -> None:
        """Keep which processes of the workload were alive after its exit."""
        known = {process.pid: process for process in self._survivors}
        known.update({process.pid: process for process in processes})
        self._survivors = tuple(known.values())

    def set_quiesce(self, did: Iterable[str]) -> None:
        """Keep what the workload did to give free memory back."""
        self._quiesce = tuple(clean(step, 100) for step in did)

    def add_health(self, note: str) -> None:
        """Keep a remark on how the measurement was made; the same one once."""
        if (note := clean(note)) not in self._health:
            self._health.append(note)

    def set_sweep(self, sweep: Sweep) -> None:
        """Keep what a sweep saw."""
        notable = (
            replace(
                point,
                operator=clean(point.operator, _NAME),
                stack=tuple(clean(place, _PLACE) for place in point.stack),
            )
            for point in sweep.notable
        )
        self._sweep = replace(
            sweep,
            out_of_reach=tuple(map(clean, sweep.out_of_reach)),
            notable=tuple(notable),
        )

    def add_gauge(self, value: float | str) -> None:
        """Keep what the engine's own gauge said, or why it said nothing."""
        when = round(self._clock.now(), 4)
        stage, fault = self.stage, self.fault
        self._gauge.append(
            GaugeReading(seconds=when, stage=stage, fault=fault, value=value)
            if isinstance(value, float)
            else GaugeMissing(seconds=when, stage=stage, fault=fault, missing=clean(value))
        )

    def set_output(self, output: str) -> None:
        """Keep the last lines of the workload's output."""
        lines = [line for line in output.splitlines() if line.strip()]
        self._output = tuple(clean(line, 400) for line in lines[-_OUTPUT_LINES:])

    def set_retention(self, retention: Retention) -> None:
        """Keep who holds what was retained."""
        self._retention = retention

    def measurement(self) -> Measurement:
        """What was observed so far."""
        return Measurement(
            phases=self._phases,
            devices=self._probe.devices,
            snapshots=tuple(self._snapshots),
            faults=tuple(self._faults),
            incidents=tuple(self._incidents),
            survivors=self._survivors,
            quiesce=self._quiesce,
            health=tuple(self._health),
            output_tail=self._output,
            sweep=self._sweep,
            retention=self._retention,
            gauge=tuple(self._gauge),
        )


def _biggest(parts: Sequence[ProcessMemory]) -> tuple[ProcessMemory, ...]:
    """The biggest of each device and owner; who can't be read may be the biggest of all."""
    kept: list[ProcessMemory] = []
    for device, owner in dict.fromkeys((part.device, part.owner) for part in parts):
        there = [part for part in parts if (part.device, part.owner) == (device, owner)]
        kept += sorted(there, key=_size, reverse=True)[: _MOST_PROCESSES[owner]]
    return tuple(kept)


def _size(part: ProcessMemory) -> float:
    return part.bytes if isinstance(part.bytes, int) else inf


def _clean(evidence: Evidence) -> Evidence:
    value = evidence.value
    if isinstance(value, str):
        value = clean(value, 4000)
    elif isinstance(value, tuple):
        value = tuple(clean(item, 300) for item in value)
    return Evidence(source=evidence.source, what=evidence.what, value=value)
