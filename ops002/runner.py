"""Scenarios -> trials: starts workloads, has their faults forced, sees them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ops002.clock import Interrupted
from ops002.config import Scenario
from ops002.config_schema import CallFault, CommandWorkload, ExitFault, OomFault, PythonWorkload
from ops002.executors import StartFailed
from ops002.exiting_trial import ExitingTrial
from ops002.lab import Lab
from ops002.measurement import IncidentKind, MeasuredTrial, Measurement, Phase, Snapshot, Stage
from ops002.probes import Probe
from ops002.recording import Recording
from ops002.serving_trial import ServingTrial
from ops002.waits import Waits
from ops002.workloads import python


def run(scenarios: Sequence[Scenario], lab: Lab) -> Iterator[MeasuredTrial]:
    """Carry out every fault of every scenario; ends early only if the run is interrupted."""
    for place, scenario in enumerate(scenarios):
        match scenario.workload:
            case PythonWorkload():
                measurements = _run_serving(scenario, scenario.workload, lab)
            case CommandWorkload():
                measurements = _run_exiting(scenario, scenario.workload, lab)
        for fault, measurement in enumerate(measurements):
            yield MeasuredTrial(scenario=place, fault=fault, measurement=measurement)
        if lab.clock.over:
            return


def _run_exiting(scenario: Scenario, workload: CommandWorkload, lab: Lab) -> Iterator[Measurement]:
    for number, fault in enumerate(scenario.faults):
        assert isinstance(fault, ExitFault)
        yield ExitingTrial(scenario, workload, lab, number).run(fault)
        if lab.clock.over:
            return


def _run_serving(scenario: Scenario, workload: PythonWorkload, lab: Lab) -> Iterator[Measurement]:
    number = 0
    starts = 0
    while number < len(scenario.faults) and not lab.clock.over:
        start = _ServingStart(scenario, workload, lab, starts)
        starts += 1
        for measurement in start.trials(number):
            yield measurement
            number += 1


class _ServingStart:
    """One start of a worker, and the trials that share it."""

    def __init__(self, scenario: Scenario, workload: PythonWorkload, lab: Lab, start: int) -> None:
        self._scenario = scenario
        self._workload = workload
        self._lab = lab
        self._output = lab.output_file(scenario, start)
        self._probe: Probe = lab.make_probe()
        self._before: tuple[Snapshot, ...] = ()

    def trials(self, first: int) -> Iterator[Measurement]:
        """The trials from the ``first`` fault on, as many as this start is good for."""
        recording = self._new_recording()
        try:
            self._before_start(recording)
            process = python.start(
                self._workload, self._lab.executor, self._lab.environ, self._output, self._lab.clock
            )
        except StartFailed as error:
            recording.enter(Stage.WARM_UP)
            recording.add_incident(IncidentKind.WORKLOAD_FAILED, str(error))
            yield recording.measurement()
            return
        except Interrupted as error:
            recording.add_incident(IncidentKind.INTERRUPTED, error.detail, error.signal)
            yield recording.measurement()
            return
        try:
            yield from self._trials_of(process, recording, first)
        finally:
            process.running.end()

    def _trials_of(
        self, process: python.PythonProcess, recording: Recording, first: int
    ) -> Iterator[Measurement]:
        for number in range(first, len(self._scenario.faults)):
            if number > first:
                recording = self._new_recording()
            fault = self._scenario.faults[number]
            assert isinstance(fault, (CallFault, OomFault))
            trial = ServingTrial(
                self._scenario, process, recording, probe=self._probe, clock=self._lab.clock
            )
            usable = trial.run(fault, load=number == first)
            last = number == len(self._scenario.faults) - 1
            if last or not usable:
                self._see_out(process, recording)
            recording.set_output(process.running.output())
            yield recording.measurement()
            if not usable:
                return

    def _new_recording(self) -> Recording:
        recording = Recording((Phase.AFTER_ERROR,), self._probe, self._lab.clock)
        recording.begin_with(self._before)
        return recording

    def _waits(self, recording: Recording) -> Waits:
        return Waits(recording, self._probe, self._scenario.settle, self._lab.clock)

    def _before_start(self, recording: Recording) -> None:
        recording.enter(Stage.BEFORE_START)
        self._waits(recording).until_still(lambda: ())
        self._before = recording.measurement().snapshots

    def _see_out(self, process: python.PythonProcess, recording: Recording) -> None:
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
