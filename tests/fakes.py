"""Fakes at the driver: one per behaviour of an instrument. Everything else in the tests is real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from ops002.config.resolved import Scenario
from ops002.executors import Executor, Setting
from ops002.measurement import JudgedDevice, Missing, Process, Reading
from ops002.probes import Look
from ops002.result import Device

HERE = Setting(init=1, shm=Path("/dev/shm"), python="python3", agents="/agents", environ={})
"""For workloads that never start."""

JUDGED = JudgedDevice(device="cpu", instrument="scripted")


@dataclass
class ScriptedProbe:
    """Reads what its script says: the n-th answer for the n-th reading, then the last for ever."""

    script: Sequence[int | str]
    taken: int = field(default=0, init=False)
    _peak: int = field(default=0, init=False)

    @property
    def devices(self) -> tuple[JudgedDevice, ...]:
        """One device, one instrument."""
        return (JUDGED,)

    @property
    def environment(self) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def read(self, _processes: Sequence[Process]) -> Look:
        """Bytes for a number; `Missing` for a text, which is the reason."""
        answer = self.script[min(self.taken, len(self.script) - 1)]
        self.taken += 1
        if isinstance(answer, str):
            return Look((Missing(device="cpu", instrument="scripted", missing=answer),))
        return Look((Reading(device="cpu", instrument="scripted", bytes=answer),))

    def poll(self, _processes: Sequence[Process]) -> int:
        """Nothing to see: only the peak tells."""
        return 0

    def reset_peak(self, _process: Process) -> None:
        """Nothing to reset."""

    def read_peak(self, _process: Process) -> Reading | Missing:
        """A mark that rises by 1 GiB at each reading: plenty at stake."""
        self._peak += 1 << 30
        return Reading(device="cpu", instrument="scripted-peak", bytes=self._peak)


@dataclass(frozen=True)
class ScriptedInstruments:
    """Instruments of which each probe is the same, whatever the device."""

    probe: ScriptedProbe
    driver: str | None = None
    gpus: tuple[Device, ...] = ()

    def make_probe(self, _device: str, _setting: Setting) -> ScriptedProbe:
        """The one probe there is."""
        return self.probe


def no_containers(scenario: Scenario) -> AbstractContextManager[Executor]:
    """For labs whose scenarios name no image."""
    raise AssertionError(scenario.name)
