"""Instruments: they read bytes and never judge them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ops002.measurement import JudgedDevice, Missing, Process, ProcessMemory, Reading


class Probe(Protocol):
    """Reads the memory of one kind of device, on behalf of one workload."""

    @property
    def judged(self) -> JudgedDevice:
        """The device, and the instrument whose readings are judged."""
        ...

    def read(
        self, processes: Sequence[Process]
    ) -> tuple[Reading | Missing, tuple[ProcessMemory, ...]]:
        """The judged reading now, and each process's part of it."""
        ...

    def poll(self, processes: Sequence[Process]) -> int:
        """A cheap number of bytes that rises when the reading does; never judged."""
        ...

    def reset_peak(self, process: Process) -> None:
        """Have the kernel start its high-water mark of ``process`` anew, where it can."""
        ...

    def read_peak(self, process: Process) -> Reading | Missing:
        """The high-water mark of ``process`` by the kernel's own count."""
        ...
