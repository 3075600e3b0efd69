"""What a trial works with: the parts that touch the world, passed in by the composition root."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from ops002.clock import Clock
from ops002.config.resolved import Scenario
from ops002.executors import Executor, Setting
from ops002.probes import Probe
from ops002.result import Device
from ops002.trials.onlooker import Onlooker

_OUTPUT_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,40}-[0-9a-f]{6}-[a-z0-9-]+\.log")


class Instruments(Protocol):
    """What a run measures with."""

    @property
    def driver(self) -> str | None:
        """The version of the GPUs' driver; None where none was asked."""
        ...

    @property
    def gpus(self) -> tuple[Device, ...]:
        """The GPUs that were measured so far."""
        ...

    def make_probe(self, device: str, setting: Setting) -> Probe:
        """The probe of a workload start, for a scenario's ``device``.

        Raises:
            NoProbe: it can't be measured.
        """
        ...


Containers = Callable[[Scenario], AbstractContextManager[Executor]]
"""Opens the container that a scenario's workload runs in. May raise `StartFailed`."""


@dataclass(frozen=True, slots=True)
class Lab:
    """Where workloads run, the clock, what to measure with, where output goes, who looks on."""

    executor: Executor
    containers: Containers
    clock: Clock
    instruments: Instruments
    environ: Mapping[str, str]
    output_dir: Path
    onlooker: Onlooker

    @contextmanager
    def at(self, scenario: Scenario) -> Iterator[Lab]:
        """The lab where this scenario's workload runs.

        Raises:
            StartFailed: there is no such place.
        """
        if scenario.container is None:
            yield self
            return
        with self.containers(scenario) as executor:
            yield replace(self, executor=executor)

    def make_probe(self, scenario: Scenario) -> Probe:
        """The probe of a workload start.

        Raises:
            NoProbe: it can't be measured.
        """
        return self.instruments.make_probe(scenario.device, self.executor.setting)

    def output_file(self, scenario: Scenario, start: str) -> Path:
        """Where the output of one of a scenario's starts is kept."""
        readable = re.sub(r"[^A-Za-z0-9]+", "_", scenario.name)[:40]
        # Names that read alike once they are cut still have files of their own.
        unique = hashlib.sha256(scenario.name.encode()).hexdigest()[:6]
        return self.output_dir / f"{readable}-{unique}-{start}.log"


def old_output(folder: Path) -> Iterator[Path]:
    """The output files that earlier runs have left in a folder, and nobody else's."""
    return (file for file in folder.iterdir() if _OUTPUT_NAME.fullmatch(file.name))
