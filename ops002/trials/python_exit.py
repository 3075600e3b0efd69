"""A trial of a python workload whose fault ends it: killed, or meant to exit with its error."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ops002.config import Scenario
from ops002.config_schema import InProcessFault, KillFault, PythonWorkload, WorkerFault
from ops002.measurement import Evidence, Seen, Snapshot, Stage
from ops002.trials.allocator import AllocatorReadings
from ops002.trials.exiting import ExitingTrial
from ops002.trials.lab import Lab
from ops002.workloads import died_evidence, python_start
from ops002.workloads.python import PythonProcess
from ops002.workloads.serving import HealthyInference, healthy_inference


class PythonExitTrial(ExitingTrial):
    """One fault that ends the worker."""

    def __init__(
        self,
        scenario: Scenario,
        workload: PythonWorkload,
        fault: WorkerFault | KillFault,
        lab: Lab,
        number: int,
    ) -> None:
        super().__init__(scenario, fault, lab, number)
        self._workload = workload
        self._fault = fault

    def prepare(self) -> None:
        """Nothing runs before the reading: each start warms up by itself."""
        self.recording.add_health("a fault that ends the workload has no control")

    def repeat_once(self, index: int, reference: Snapshot) -> None:
        """Start a worker, warm it up, and end it with the fault."""
        self.recording.enter(Stage.WARM_UP, index)
        lab = self.lab
        process = python_start.start(
            self._workload, lab.executor, self.environ, self.next_output(), lab.clock
        )
        try:
            healthy = self._warm_up(process)
            self.recording.enter(Stage.FAULT, index)
            watch = self.watch(process.running)
            process.on_tick(watch.tick)
            allocator = AllocatorReadings(process.allocator, self.recording, self.probe.devices)

            def begin(watch_begins: Callable[[], None]) -> None:
                watch_begins()
                allocator.begin()

            process.again = partial(begin, watch.again)
            begin(watch.begin)
            try:
                evidence = self._force(process, healthy)
            finally:
                watch.finish()
            allocator.finish()
            self.see_out(process.running, index, evidence, reference)
        finally:
            self.end(process.running)

    def _warm_up(self, process: PythonProcess) -> HealthyInference:
        process.load(self.scenario.kind_of_device)
        if not isinstance(self._fault, KillFault):
            process.must_have(self._fault)
        healthy = HealthyInference()
        for _ in range(self.scenario.warmup):
            healthy = healthy_inference(process, self.probe)
        process.make_ready(self._fault)
        process.collect()
        return healthy

    def _force(self, process: PythonProcess, healthy: HealthyInference) -> tuple[Evidence, ...]:
        match self._fault:
            case KillFault():
                return process.kill_in_inference(healthy)
            case InProcessFault():
                seen = process.force(self._fault, healthy, self.scenario.tolerance_bytes)
                if any(item.what is Seen.EXIT_STATUS for item in seen):
                    return seen
                # The error was answered; the end that is meant to follow may take its time.
                status = process.wait_for_exit()
                return seen if status is None else (*seen, died_evidence(status))
