"""Instruments: they read bytes and never judge them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ops002.measurement import IncidentKind, JudgedDevice, Missing, Process, ProcessMemory, Reading


@dataclass(frozen=True, slots=True)
class Look:
    """What all instruments of a probe said at one moment, and each process's part of it."""

    readings: tuple[Reading | Missing, ...]
    processes: tuple[ProcessMemory, ...] = ()


class NoProbe(Exception):
    """The device can't be measured. ``kind`` is what that comes to."""

    def __init__(self, kind: IncidentKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


class Probe(Protocol):
    """Reads the memory of one kind of device, on behalf of one workload."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What a workload needs in its environment to use exactly these devices."""
        ...

    @property
    def devices(self) -> tuple[JudgedDevice, ...]:
        """The devices, each with the instrument whose readings are judged."""
        ...

    def read(self, processes: Sequence[Process]) -> Look:
        """The judged readings now, with whatever explains them."""
        ...

    def poll(self, processes: Sequence[Process]) -> int:
        """A cheap number of bytes that rises when a reading does; never judged."""
        ...

    def reset_peak(self, process: Process) -> None:
        """Have the kernel start its high-water mark of ``process`` anew, where it can."""
        ...

    def read_peak(self, process: Process) -> Reading | Missing:
        """The high-water mark of ``process`` by the kernel's own count."""
        ...
