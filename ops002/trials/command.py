"""A trial of a command: it fails by itself, or it is killed on the way."""

from __future__ import annotations

from typing import Final

from ops002.config import Scenario
from ops002.config_schema import CommandWorkload, ExitFault, KillFault
from ops002.executors import Running
from ops002.measurement import Evidence, Snapshot, Stage
from ops002.trials.exiting import ExitingTrial
from ops002.trials.lab import Lab
from ops002.trials.watch import Watch
from ops002.workloads import StepFailed, command

_NO_WARM_UP: Final = "no healthy command is given: there was no warm-up and no control"


class CommandTrial(ExitingTrial):
    """One fault of a command scenario."""

    def __init__(
        self,
        scenario: Scenario,
        workload: CommandWorkload,
        fault: ExitFault | KillFault,
        lab: Lab,
        number: int,
    ) -> None:
        super().__init__(scenario, fault, lab, number)
        self._workload = workload
        self._fault = fault
        self._healthy_seconds = 0.0

    def prepare(self) -> None:
        """Run the healthy command: to warm up, then as a control."""
        self.recording.enter(Stage.WARM_UP)
        healthy = self._workload.healthy
        if healthy is None:
            self.recording.add_health(_NO_WARM_UP)
            return
        for _ in range(self.scenario.warmup):
            self._run_healthy(healthy)
        for index in range(self.scenario.control):
            self.recording.enter(Stage.CONTROL, index)
            self._run_healthy(healthy)
            self.waits.until_still(lambda: ())

    def repeat_once(self, index: int, reference: Snapshot) -> None:
        """Run the command to its end, or to its half."""
        self.recording.enter(Stage.FAULT, index)
        running = self._start(self._workload.run)
        try:
            watch = self.watch(running)
            watch.begin()
            try:
                evidence = self._force(running, watch)
            finally:
                watch.finish()
            self.see_out(running, index, evidence, reference)
        finally:
            self.end(running)

    def _force(self, running: Running, watch: Watch) -> tuple[Evidence, ...]:
        seconds = self._workload.timeouts.infer
        match self._fault:
            case ExitFault():
                status = command.wait(running, seconds, self.lab.clock, watch.tick)
                return command.evidence(self._fault, running, status, self.lab.clock)
            case KillFault():
                half = self._healthy_seconds / 2
                return command.kill_after(half, running, self.lab.clock, watch.tick)

    def _run_healthy(self, argv: tuple[str, ...]) -> None:
        clock = self.lab.clock
        running = self._start(argv)
        started = clock.now()
        try:
            status = command.wait(running, self._workload.timeouts.infer, clock, clock.check)
            self._healthy_seconds = clock.now() - started
            if status != 0:
                raise StepFailed(f"the healthy command ended with status {status}")
        finally:
            self.end(running)

    def _start(self, argv: tuple[str, ...]) -> Running:
        lab = self.lab
        return command.start(self._workload, argv, lab.executor, self.environ, self.next_output())
