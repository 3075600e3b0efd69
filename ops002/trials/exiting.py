"""A trial of a workload that ends with its error: each repeat is a start of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from ops002.clock import Interrupted
from ops002.config.resolved import Scenario
from ops002.config.schema import Fault
from ops002.executors import Running, StartFailed
from ops002.measurement import Evidence, IncidentKind, Measurement, Phase, Snapshot, Stage
from ops002.probes import Probe
from ops002.trials.exclusivity import DirtyDevice, look_for_others
from ops002.trials.lab import Lab
from ops002.trials.recording import Recording
from ops002.trials.waits import Waits
from ops002.trials.watch import Watch
from ops002.workloads import DeadlinePassed, WorkloadError


class ExitingTrial(ABC):
    """One fault of a scenario that ends the workload; how, is each kind's own."""

    def __init__(self, scenario: Scenario, fault: Fault, lab: Lab, number: int) -> None:
        self.scenario = scenario
        self.fault = fault
        self.lab = lab
        self._number = number
        self._starts = 0
        self.probe: Probe = lab.make_probe(scenario)
        self.recording = Recording((Phase.AFTER_EXIT,), self.probe, lab.clock, lab.onlooker)
        self.waits = Waits(self.recording, self.probe, scenario.settle, lab.clock)

    @abstractmethod
    def prepare(self) -> None:
        """What comes before the reading that everything is compared with."""

    @abstractmethod
    def repeat_once(self, index: int, reference: Snapshot) -> None:
        """Start the workload, force the fault, and see the workload out."""

    def run(self) -> Measurement:
        """Make the measurement."""
        self.lab.onlooker.trial(self.scenario.name, self.fault.kind)
        for remark in self.scenario.remarks():
            self.recording.add_health(remark)
        try:
            self.prepare()
            self.recording.enter(Stage.BEFORE_START)
            reference = self.waits.until_still(lambda: ())
            look_for_others(
                self.recording, reference, self.probe, exclusive=self.scenario.exclusive
            )
            for index in range(self.scenario.repeat_of(self.fault)):
                self.repeat_once(index, reference)
        except DeadlinePassed as error:
            late = self.recording.stage is Stage.FAULT
            kind = IncidentKind.FAULT_TIMEOUT if late else IncidentKind.WORKLOAD_FAILED
            self.recording.add_incident(kind, str(error))
        except DirtyDevice as error:
            self.recording.add_incident(IncidentKind.DIRTY_DEVICE, str(error))
        except (StartFailed, WorkloadError) as error:
            self.recording.add_incident(IncidentKind.WORKLOAD_FAILED, str(error))
        except Interrupted as error:
            self.recording.add_incident(IncidentKind.INTERRUPTED, error.detail, error.signal)
        return self.recording.measurement()

    @property
    def environ(self) -> Mapping[str, str]:
        """What the place gives, and what says which devices are measured."""
        return {**self.lab.executor.setting.environ, **self.probe.environment}

    def watch(self, running: Running) -> Watch:
        """A watch over one start."""
        return Watch(running, self.probe, self.recording, self.lab.clock)

    def see_out(
        self, running: Running, index: int, evidence: tuple[Evidence, ...], reference: Snapshot
    ) -> None:
        """The fault is over: wait until the workload is gone, and read what it left."""
        self.recording.enter(Stage.AFTER_EXIT, index)
        self.waits.see_gone(running, reference, self.scenario.tolerance_bytes)
        self.recording.add_fault(index, evidence)

    def next_output(self) -> Path:
        """Where the next start's output is kept."""
        self._starts += 1
        return self.lab.output_file(
            self.scenario, f"{self.fault.kind}{self._number}-{self._starts}"
        )

    def end(self, running: Running) -> None:
        """End whatever is left of a start."""
        running.end()
        self.recording.set_output(running.output())
