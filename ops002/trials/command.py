"""A trial of a command: it fails by itself, or it is killed on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ops002.config.resolved import Scenario
from ops002.config.schema import CommandOomFault, CommandWorkload, ExitFault, KillFault
from ops002.executors import Running
from ops002.measurement import Evidence, Seen, Snapshot, Source, Stage
from ops002.trials.command_limit import Limit, Peaks, limit_of
from ops002.trials.exiting import ExitingTrial
from ops002.trials.lab import Lab
from ops002.trials.watch import Watch
from ops002.workloads import StepFailed, command
from ops002.workloads.allocator_option import OPTION

_NOT_WITH_THE_OPTION: Final = (
    f"with {OPTION}:1.0 in PYTORCH_CUDA_ALLOC_CONF, which limits nothing, the command ended with "
    "status {status}: oom needs a torch that knows this option, and a healthy command (or, without "
    "one, a run) that ends with 0; use exit with a command that runs out of memory by itself"
)
_NO_WARM_UP: Final = "no healthy command is given: there was no warm-up and no control"


class CommandTrial(ExitingTrial):
    """One fault of a command scenario."""

    def __init__(
        self,
        scenario: Scenario,
        workload: CommandWorkload,
        fault: ExitFault | KillFault | CommandOomFault,
        lab: Lab,
        number: int,
    ) -> None:
        super().__init__(scenario, fault, lab, number)
        self._workload = workload
        self._fault = fault
        self._healthy_seconds = 0.0
        self._limit: Limit | None = None

    def prepare(self) -> None:
        """Run the healthy command: to warm up, then as a control."""
        self.recording.enter(Stage.WARM_UP)
        healthy = self._workload.healthy
        if healthy is None:
            self.recording.add_health(_NO_WARM_UP)
        else:
            for _ in range(self.scenario.warmup):
                self._run_healthy(healthy)
        if isinstance(self._fault, CommandOomFault):
            self._limit = self._find_limit(healthy or self._workload.run)
        if healthy is not None:
            for index in range(self.scenario.control):
                self.recording.enter(Stage.CONTROL, index)
                self._run_healthy(healthy)
                self.waits.until_still(lambda: ())

    def repeat_once(self, index: int, reference: Snapshot) -> None:
        """Run the command to its end, or to its half."""
        self.recording.enter(Stage.FAULT, index)
        fraction = None if self._limit is None else self._limit.fraction
        running = self._start(self._workload.run, fraction)
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
            case CommandOomFault():
                status = command.wait(running, seconds, self.lab.clock, watch.tick)
                seen = command.evidence(self._fault, running, status, self.lab.clock)
                return (*self._limit_evidence(), *seen)
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

    def _find_limit(self, argv: tuple[str, ...]) -> Limit:
        """From a start with the allocator's option at its default, which must change nothing."""
        clock = self.lab.clock
        running = self._start(argv, fraction=1.0)
        try:
            peaks = Peaks(running, self.recording, clock)
            status = command.wait(running, self._workload.timeouts.infer, clock, peaks.tick)
            if status != 0:
                raise StepFailed(_NOT_WITH_THE_OPTION.format(status=status))
        finally:
            self.end(running)
        gpus = self.lab.instruments.gpus
        limit = limit_of(peaks.taken, self.probe.devices, gpus, self.scenario.tolerance_bytes)
        self.recording.add_health(f"run under {OPTION}:{limit.fraction:.9f}")
        return limit

    def _limit_evidence(self) -> Iterator[Evidence]:
        if self._limit is not None:
            yield Evidence(source=Source.GATE, what=Seen.MEMORY_LIMIT, value=self._limit.bytes)

    def _start(self, argv: tuple[str, ...], fraction: float | None = None) -> Running:
        lab, workload = self.lab, self._workload
        if fraction is not None:
            workload = command.limited(workload, self.environ, fraction)
        return command.start(workload, argv, lab.executor, self.environ, self.next_output())
