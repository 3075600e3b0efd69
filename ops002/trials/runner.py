"""Scenarios -> trials: starts workloads, has their faults forced, sees them out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from ops002.attempts import may_try_again
from ops002.clock import Clock, Interrupted
from ops002.config.resolved import Config, Scenario, ends_workload
from ops002.config.schema import (
    CommandOomFault,
    CommandWorkload,
    ExitFault,
    Fault,
    InProcessFault,
    KillFault,
    PythonWorkload,
    RequestedFault,
    WorkerFault,
)
from ops002.config.server import ClientFault, ServerWorkload
from ops002.executors import Executor, StartFailed
from ops002.measurement import (
    Incident,
    IncidentKind,
    JudgedDevice,
    MeasuredTrial,
    Measurement,
    Phase,
    Snapshot,
    Stage,
)
from ops002.probes import NoProbe, Probe
from ops002.text import clean
from ops002.trials.command import CommandTrial
from ops002.trials.exclusivity import DirtyDevice, look_for_others
from ops002.trials.exiting import ExitingTrial
from ops002.trials.lab import Lab
from ops002.trials.recording import Recording
from ops002.trials.served_exit import ServedExitTrial
from ops002.trials.serving import ServingTrial
from ops002.trials.waits import Waits
from ops002.workloads import python_start, server, server_start
from ops002.workloads.serving import ServedFault, ServingProcess, Starter

_Fault = TypeVar("_Fault")


def run(config: Config, lab: Lab) -> Iterator[MeasuredTrial]:
    """Carry out every scenario; an inconclusive one again, as often as the config allows."""
    for place, scenario in enumerate(config.scenarios):
        for attempt in range(1, 2 + config.retry_inconclusive):
            measured = []
            for number, measurement in enumerate(run_scenario(scenario, lab)):
                trial = MeasuredTrial(
                    scenario=place, fault=number, attempt=attempt, measurement=measurement
                )
                measured.append(trial)
                yield trial
            if lab.clock.over:
                return
            if not may_try_again(scenario, measured):
                break


def run_scenario(scenario: Scenario, lab: Lab) -> Iterator[Measurement]:
    """Carry out every fault of a scenario, in its order; ends early only if interrupted."""
    done = 0
    try:
        for measurement in _trials(scenario, lab):
            yield measurement
            done += 1
    except NoProbe as error:
        why = error.kind, str(error)
    except StartFailed as error:
        why = IncidentKind.WORKLOAD_FAILED, str(error)
    else:
        return
    yield from (_unmeasured(scenario, fault, *why) for fault in scenario.faults[done:])


def _unmeasured(scenario: Scenario, fault: Fault, kind: IncidentKind, why: str) -> Measurement:
    """The measurement of a fault that wasn't forced: no place to run, or nothing to read with."""
    alive = () if ends_workload(fault) else (Phase.AFTER_ERROR,)
    incident = Incident(kind=kind, stage=Stage.BEFORE_START, detail=clean(why))
    return Measurement(
        phases=(*alive, Phase.AFTER_EXIT),
        devices=(JudgedDevice(device=scenario.device, instrument="none"),),
        snapshots=(),
        incidents=(incident,),
    )


def _trials(scenario: Scenario, lab: Lab) -> Iterator[Measurement]:
    match scenario.workload:
        case PythonWorkload():
            yield from _run_python(scenario, scenario.workload, lab)
        case CommandWorkload():
            yield from _run_command(scenario, scenario.workload, lab)
        case ServerWorkload():
            yield from _run_server(scenario, scenario.workload, lab)


def _run_command(scenario: Scenario, workload: CommandWorkload, lab: Lab) -> Iterator[Measurement]:
    faults = [
        fault
        for fault in scenario.faults
        if isinstance(fault, ExitFault | KillFault | CommandOomFault)
    ]
    assert len(faults) == len(scenario.faults)  # measurements are known by their place
    yield from _run_ending(scenario, faults, partial(CommandTrial, scenario, workload), lab)


def _run_python(scenario: Scenario, workload: PythonWorkload, lab: Lab) -> Iterator[Measurement]:
    serving = [
        fault
        for fault in scenario.faults
        if isinstance(fault, InProcessFault) and not ends_workload(fault)
    ]
    rest = scenario.faults[len(serving) :]
    ending = [fault for fault in rest if isinstance(fault, InProcessFault | KillFault)]
    assert len(ending) == len(rest)
    start = partial(python_start.start, workload)
    yield from _run_serving(scenario, serving, start, lab)
    yield from _run_ending(
        scenario, ending, partial(ServedExitTrial[WorkerFault], scenario, start), lab
    )


def _run_server(scenario: Scenario, workload: ServerWorkload, lab: Lab) -> Iterator[Measurement]:
    serving = [
        fault
        for fault in scenario.faults
        if isinstance(fault, ClientFault) and not ends_workload(fault)
    ]
    rest = scenario.faults[len(serving) :]
    ending = [fault for fault in rest if isinstance(fault, ClientFault | KillFault)]
    assert len(ending) == len(rest)

    def start(
        executor: Executor, environ: Mapping[str, str], output: Path, clock: Clock
    ) -> server.ServerProcess:
        process = server_start.start(workload, executor, environ, output, clock)
        process.on_wait(lab.onlooker.output)
        return process

    yield from _run_serving(scenario, serving, start, lab)
    yield from _run_ending(
        scenario, ending, partial(ServedExitTrial[RequestedFault], scenario, start), lab
    )


def _run_ending(
    scenario: Scenario,
    faults: Sequence[_Fault],
    trial_of: Callable[[_Fault, Lab, int], ExitingTrial],
    lab: Lab,
) -> Iterator[Measurement]:
    """The faults that end a workload, each on starts of its own."""
    for number, fault in enumerate(faults):
        if lab.clock.over:
            return
        with lab.at(scenario) as here:
            measurement = trial_of(fault, here, number).run()
        yield measurement


def _run_serving(
    scenario: Scenario, faults: Sequence[ServedFault], starter: Starter[ServedFault], lab: Lab
) -> Iterator[Measurement]:
    """The faults that a workload outlives, on as few starts as they take."""
    number = 0
    starts = 0
    while number < len(faults) and not lab.clock.over:
        with lab.at(scenario) as here:
            for measurement in _ServingStart(scenario, starter, here, starts).trials(
                faults[number:]
            ):
                yield measurement
                number += 1
        starts += 1


class _ServingStart(Generic[ServedFault]):
    """One start of a workload, and the trials that share it."""

    def __init__(
        self, scenario: Scenario, starter: Starter[ServedFault], lab: Lab, start: int
    ) -> None:
        self._scenario = scenario
        self._starter = starter
        self._lab = lab
        self._output = lab.output_file(scenario, str(start))
        self._probe: Probe = lab.make_probe(scenario)
        self._before: tuple[Snapshot, ...] = ()

    def trials(self, faults: Sequence[ServedFault]) -> Iterator[Measurement]:
        """The trials of the faults, as many of them as this start is good for."""
        self._lab.onlooker.trial(self._scenario.name, faults[0].kind)
        recording = self._new_recording()
        try:
            self._before_start(recording)
            environ = {**self._lab.executor.setting.environ, **self._probe.environment}
            process = self._starter(self._lab.executor, environ, self._output, self._lab.clock)
        except DirtyDevice as error:
            recording.add_incident(IncidentKind.DIRTY_DEVICE, str(error))
            recording.add_phase(Phase.AFTER_EXIT)
            yield recording.measurement()
            return
        except StartFailed as error:
            recording.enter(Stage.WARM_UP)
            recording.add_incident(IncidentKind.WORKLOAD_FAILED, str(error))
            recording.add_phase(Phase.AFTER_EXIT)
            yield recording.measurement()
            return
        except Interrupted as error:
            recording.add_incident(IncidentKind.INTERRUPTED, error.detail, error.signal)
            yield recording.measurement()
            return
        try:
            yield from self._trials_of(process, recording, faults)
        finally:
            process.running.end()

    def _trials_of(
        self,
        process: ServingProcess[ServedFault],
        recording: Recording,
        faults: Sequence[ServedFault],
    ) -> Iterator[Measurement]:
        for number, fault in enumerate(faults):
            if number > 0:
                self._lab.onlooker.trial(self._scenario.name, fault.kind)
                recording = self._new_recording()
            trial = ServingTrial(
                self._scenario, process, recording, probe=self._probe, clock=self._lab.clock
            )
            usable = trial.run(fault, load=number == 0)
            if fault is faults[-1] or not usable:
                self._see_out(process, recording)
            recording.set_output(process.running.output())
            yield recording.measurement()
            if not usable:
                return

    def _new_recording(self) -> Recording:
        recording = Recording(
            (Phase.AFTER_ERROR,), self._probe, self._lab.clock, self._lab.onlooker
        )
        recording.begin_with(self._before)
        return recording

    def _waits(self, recording: Recording) -> Waits:
        return Waits(recording, self._probe, self._scenario.settle, self._lab.clock)

    def _before_start(self, recording: Recording) -> None:
        recording.enter(Stage.BEFORE_START)
        reference = self._waits(recording).until_still(lambda: ())
        look_for_others(recording, reference, self._probe, exclusive=self._scenario.exclusive)
        self._before = recording.measurement().snapshots

    def _see_out(self, process: ServingProcess[ServedFault], recording: Recording) -> None:
        """Stop the workload and read what it left behind."""
        recording.add_phase(Phase.AFTER_EXIT)
        try:
            if not self._lab.clock.over:
                trouble = process.stop()
                if trouble is not None:
                    recording.add_health(trouble)
                recording.enter(Stage.AFTER_EXIT)
                self._waits(recording).see_gone(
                    process.running, self._before[-1], self._scenario.tolerance_bytes
                )
        except Interrupted as error:
            recording.add_incident(IncidentKind.INTERRUPTED, error.detail, error.signal)
        finally:
            process.running.end()
