"""A trial of a server whose fault ends it: killed, or meant to exit with its error."""

from __future__ import annotations

from ops002.config import Scenario
from ops002.config_schema import RequestedFault, ServerKillFault
from ops002.config_server import ClientFault, ServerWorkload
from ops002.measurement import Evidence, Seen, Snapshot, Stage
from ops002.trials.exiting import ExitingTrial
from ops002.trials.lab import Lab
from ops002.workloads import died_evidence, server_start
from ops002.workloads.server import ServerProcess
from ops002.workloads.serving import HealthyInference, healthy_inference


class ServerExitTrial(ExitingTrial):
    """One fault that ends the server."""

    def __init__(
        self,
        scenario: Scenario,
        workload: ServerWorkload,
        fault: RequestedFault | ServerKillFault,
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
        """Start a server, warm it up, and end it with the fault."""
        self.recording.enter(Stage.WARM_UP, index)
        lab = self.lab
        process = server_start.start(
            self._workload, lab.executor, self.environ, self.next_output(), lab.clock
        )
        try:
            healthy = self._warm_up(process)
            self.recording.enter(Stage.FAULT, index)
            watch = self.watch(process.running)
            process.on_tick(watch.tick)
            process.again = watch.again
            watch.begin()
            try:
                evidence = self._force(process, healthy)
            finally:
                watch.finish()
            self.see_out(process.running, index, evidence, reference)
        finally:
            self.end(process.running)

    def _warm_up(self, process: ServerProcess) -> HealthyInference:
        process.on_wait(self.lab.onlooker.output)
        process.load(self.scenario.kind_of_device)
        if isinstance(self._fault, ClientFault):
            process.must_have(self._fault)
        healthy = HealthyInference()
        for _ in range(self.scenario.warmup):
            healthy = healthy_inference(process, self.probe)
        return healthy

    def _force(self, process: ServerProcess, healthy: HealthyInference) -> tuple[Evidence, ...]:
        match self._fault:
            case ServerKillFault():
                seen = process.kill_in_request(self._fault.process, healthy)
                # A server that lost a child may live on: then it is asked to end.
                trouble = process.stop()
                if trouble is not None:
                    self.recording.add_health(trouble)
                return seen
            case ClientFault():
                seen = process.force(self._fault, healthy, self.scenario.tolerance_bytes)
                if any(item.what is Seen.EXIT_STATUS for item in seen):
                    return seen
                # The error was answered; the end that is meant to follow may take its time.
                status = process.wait_for_exit()
                return seen if status is None else (*seen, died_evidence(status))
