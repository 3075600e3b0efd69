"""A trial of a workload that ends with its error: each repeat is a start of its own."""

from __future__ import annotations

from typing import Final

from ops002.clock import Interrupted
from ops002.config import Scenario
from ops002.config_schema import CommandWorkload, ExitFault
from ops002.executors import Running, StartFailed
from ops002.lab import Lab
from ops002.measurement import IncidentKind, Measurement, Phase, Snapshot, Stage
from ops002.probes import Probe
from ops002.recording import Recording
from ops002.waits import Waits
from ops002.watch import Watch
from ops002.workloads import DeadlinePassed, StepFailed, command

_NO_WARM_UP: Final = "no healthy command is given: there was no warm-up and no control"


class ExitingTrial:
    """One fault of a command scenario."""

    def __init__(
        self, scenario: Scenario, workload: CommandWorkload, lab: Lab, number: int
    ) -> None:
        self._scenario = scenario
        self._workload = workload
        self._lab = lab
        self._number = number
        self._starts = 0
        self._probe: Probe = lab.make_probe()
        self._recording = Recording((Phase.AFTER_EXIT,), self._probe, lab.clock)
        self._waits = Waits(self._recording, self._probe, scenario.settle, lab.clock)

    def run(self, fault: ExitFault) -> Measurement:
        """Warm up, read, and force the fault ``repeat`` times."""
        try:
            self._warm_up()
            self._control()
            self._recording.enter(Stage.BEFORE_START)
            reference = self._waits.until_still(lambda: ())
            for index in range(self._scenario.repeat):
                self._force(fault, index, reference)
        except (StartFailed, StepFailed) as error:
            self._recording.add_incident(IncidentKind.WORKLOAD_FAILED, str(error))
        except DeadlinePassed as error:
            late = self._recording.stage is Stage.FAULT
            kind = IncidentKind.FAULT_TIMEOUT if late else IncidentKind.WORKLOAD_FAILED
            self._recording.add_incident(kind, str(error))
        except Interrupted as error:
            self._recording.add_incident(IncidentKind.INTERRUPTED, error.detail, error.signal)
        return self._recording.measurement()

    def _warm_up(self) -> None:
        self._recording.enter(Stage.WARM_UP)
        if self._workload.healthy is None:
            self._recording.add_health(_NO_WARM_UP)
            return
        for _ in range(self._scenario.warmup):
            self._run_healthy(self._workload.healthy)

    def _control(self) -> None:
        if self._workload.healthy is None:
            return
        for index in range(self._scenario.control):
            self._recording.enter(Stage.CONTROL, index)
            self._run_healthy(self._workload.healthy)
            self._waits.until_still(lambda: ())

    def _run_healthy(self, argv: tuple[str, ...]) -> None:
        running = self._start(argv)
        try:
            status = self._wait(running, None)
            if status != 0:
                raise StepFailed(f"the healthy command ended with status {status}")
        finally:
            self._end(running)

    def _force(self, fault: ExitFault, index: int, reference: Snapshot) -> None:
        self._recording.enter(Stage.FAULT, index)
        running = self._start(self._workload.run)
        try:
            watch = Watch(running, self._probe, self._recording, self._lab.clock)
            watch.begin()
            try:
                status = self._wait(running, watch)
            finally:
                watch.finish()
            self._recording.enter(Stage.AFTER_EXIT, index)
            self._waits.see_gone(running, reference, self._scenario.tolerance_bytes)
            self._recording.add_fault(index, command.evidence(fault, running, status))
        finally:
            self._end(running)

    def _start(self, argv: tuple[str, ...]) -> Running:
        output = self._lab.output_file(self._scenario, self._number * 10_000 + self._starts)
        self._starts += 1
        return command.start(self._workload, argv, self._lab.executor, self._lab.environ, output)

    def _wait(self, running: Running, watch: Watch | None) -> int:
        tick = self._lab.clock.check if watch is None else watch.tick
        return command.wait(running, self._workload.timeouts.infer, self._lab.clock, tick)

    def _end(self, running: Running) -> None:
        running.end()
        self._recording.set_output(running.output())
