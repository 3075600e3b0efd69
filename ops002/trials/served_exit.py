"""A trial of a worker or a server whose fault ends it: killed, or meant to exit with its error."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Generic

from ops002.config.resolved import Scenario
from ops002.config.schema import KillFault
from ops002.measurement import Evidence, Seen, Snapshot, Stage
from ops002.trials.allocator import AllocatorReadings
from ops002.trials.exiting import ExitingTrial
from ops002.trials.lab import Lab
from ops002.workloads import died_evidence
from ops002.workloads.serving import (
    EndingProcess,
    HealthyInference,
    ServedFault,
    Starter,
    healthy_inference,
)


class ServedExitTrial(ExitingTrial, Generic[ServedFault]):
    """One fault that ends the workload."""

    def __init__(
        self,
        scenario: Scenario,
        starter: Starter[ServedFault],
        fault: ServedFault | KillFault,
        lab: Lab,
        number: int,
    ) -> None:
        super().__init__(scenario, fault, lab, number)
        self._fault = fault
        self._starter = starter

    def prepare(self) -> None:
        """Nothing runs before the reading: each start warms up by itself."""
        self.recording.add_health("a fault that ends the workload has no control")

    def repeat_once(self, index: int, reference: Snapshot) -> None:
        """Start the workload, warm it up, and end it with the fault."""
        self.recording.enter(Stage.WARM_UP, index)
        lab = self.lab
        process = self._starter(lab.executor, self.environ, self.next_output(), lab.clock)
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

    def _warm_up(self, process: EndingProcess[ServedFault]) -> HealthyInference:
        process.load(self.scenario.kind_of_device)
        if not isinstance(self._fault, KillFault):
            process.must_have(self._fault)
        healthy = HealthyInference()
        for _ in range(self.scenario.warmup):
            healthy = healthy_inference(process, self.probe)
        process.make_ready(self._fault)
        process.collect()
        return healthy

    def _force(
        self, process: EndingProcess[ServedFault], healthy: HealthyInference
    ) -> tuple[Evidence, ...]:
        if isinstance(self._fault, KillFault):
            seen = process.kill(self._fault, healthy)
            # A server that lost a child may live on: then it is asked to end.
            trouble = process.stop() if process.running.exit_status() is None else None
            if trouble is not None:
                self.recording.add_health(trouble)
            return seen
        seen = process.force(self._fault, healthy, self.scenario.tolerance_bytes)
        if any(item.what is Seen.EXIT_STATUS for item in seen):
            return seen
        # The error was answered; the end that is meant to follow may take its time.
        status = process.wait_for_exit()
        return seen if status is None else (*seen, died_evidence(status))
