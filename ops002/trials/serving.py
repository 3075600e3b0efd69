"""A trial of a workload that lives on after its error."""

from __future__ import annotations

from typing import Final, Generic

from ops002.clock import Clock, Interrupted
from ops002.config.resolved import Scenario
from ops002.config.schema import PythonWorkload
from ops002.measurement import Evidence, IncidentKind, Process, Seen, Snapshot, Stage
from ops002.probes import Probe
from ops002.trials.allocator import AllocatorReadings
from ops002.trials.explaining import explain
from ops002.trials.gauge import GaugeReadings
from ops002.trials.recording import Recording
from ops002.trials.residents import Residents, lost, named, replaced
from ops002.trials.waits import Waits
from ops002.trials.watch import Watch
from ops002.workloads import DeadlinePassed, Died, StepFailed, WorkloadError
from ops002.workloads.serving import (
    HealthyInference,
    ServedFault,
    ServingProcess,
    healthy_inference,
)

_BEFORE_THE_FAULT: Final = frozenset({Stage.WARM_UP, Stage.CONTROL, Stage.BASELINE})


class ServingTrial(Generic[ServedFault]):
    """One fault of a scenario, forced ``repeat`` times on a started workload."""

    def __init__(
        self,
        scenario: Scenario,
        process: ServingProcess[ServedFault],
        recording: Recording,
        *,
        probe: Probe,
        clock: Clock,
    ) -> None:
        self._scenario = scenario
        self._process = process
        self._recording = recording
        self._probe = probe
        self._clock = clock
        self._waits = Waits(recording, probe, scenario.settle, clock)
        self._watch = Watch(process.running, probe, recording, clock)
        self._allocator = AllocatorReadings(process.allocator, recording, probe.devices)
        self._gauge = GaugeReadings(process.gauge, recording)
        self._residents = Residents(process.running.processes)
        self._healthy = HealthyInference()
        process.on_tick(self._watch.tick)
        process.again = self._again

    def run(self, fault: ServedFault, *, load: bool) -> bool:
        """Make the measurement; whether the workload can be used for another trial."""
        try:
            self._prepare(fault, load=load)
            self._control()
            baseline = self._baseline()
            at_baseline = self._residents.throughout()
            self._force_all(fault, baseline)
            serves = self._serves(at_baseline)
            # Who holds it is found by letting go of it: that ends this start.
            return (
                not explain(self._process, self._recording, self._scenario.limits(fault)) and serves
            )
        except DeadlinePassed as error:
            self._incident(error, IncidentKind.FAULT_TIMEOUT)
        except WorkloadError as error:
            self._incident(error, IncidentKind.WORKLOAD_DIED)
        except Interrupted as error:
            self._recording.add_incident(IncidentKind.INTERRUPTED, error.detail, error.signal)
        return False

    def _incident(self, error: WorkloadError, after_baseline: IncidentKind) -> None:
        before_fault = self._recording.stage in _BEFORE_THE_FAULT
        kind = IncidentKind.WORKLOAD_FAILED if before_fault else after_baseline
        self._recording.add_incident(kind, str(error))

    def _prepare(self, fault: ServedFault, *, load: bool) -> None:
        self._recording.enter(Stage.WARM_UP)
        for remark in self._scenario.remarks():
            self._recording.add_health(remark)
        if load:
            self._process.load(self._scenario.kind_of_device)
        self._process.must_have(fault)
        for _ in range(self._scenario.warmup):
            self._healthy = healthy_inference(self._process, self._probe)
        self._process.make_ready(fault)

    def _control(self) -> None:
        """Healthy inferences, measured as faults are: growth here isn't the error path's."""
        self._residents()  # helpers that even a healthy inference replaces are no residents
        for index in range(self._scenario.control):
            self._recording.enter(Stage.CONTROL, index)
            self._process.collect()
            self._process.infer()
            self._quiesce()
            self._until_still()
            self._gauge.read()

    def _serves(self, at_baseline: tuple[Process, ...]) -> bool:
        """Whether a healthy inference works after the faults, by the processes there were."""
        restarted = self._restarted(at_baseline, self._residents.of_late())
        self._recording.enter(Stage.AFTER_INFERENCE)
        try:
            self._process.infer()
        except WorkloadError as error:
            self._recording.add_incident(IncidentKind.NOT_SERVING, str(error))
            return False
        # Measured as the control is: what it adds, a fault may add as well. And an engine that died
        # of the error may be started again only when it is asked.
        self._process.collect()
        self._quiesce()
        self._until_still()
        there = self._residents.of_late()
        restarted = restarted or self._restarted(at_baseline, there)
        gone = lost(at_baseline, there)
        if gone and not restarted:
            self._recording.add_health(
                f"there at the baseline, gone after the faults, replaced by nobody: {named(gone)}"
            )
        return True

    def _restarted(self, before: tuple[Process, ...], after: tuple[Process, ...]) -> bool:
        change = replaced(before, after)
        if change is not None:
            self._recording.add_incident(IncidentKind.WORKLOAD_RESTARTED, change)
        return change is not None

    def _baseline(self) -> Snapshot:
        self._recording.enter(Stage.BASELINE)
        self._process.collect()
        if self._process.held is not None:
            self._process.held.remember()
        self._quiesce()
        last = self._until_still()
        self._gauge.at_baseline()
        return last

    def _until_still(self) -> Snapshot:
        last = self._waits.until_still(self._residents)
        self._allocator.settled()
        return last

    def _quiesce(self) -> None:
        done = self._process.quiesce()
        self._recording.set_quiesce(done.did)
        if done.failed is None:
            return
        told = f"free memory could not be given back: {done.failed}"
        if self._recording.stage in _BEFORE_THE_FAULT:
            # In the baseline it would hide as much that an error retains; after one it only adds.
            raise StepFailed(f"{told}; it would count as used before the fault, and hide a leak")
        self._recording.add_health(f"{told}; it counts as retained")

    def _force_all(self, fault: ServedFault, baseline: Snapshot) -> None:
        repeat = self._scenario.repeat_of(fault)
        for index in range(repeat):
            back = self._force_once(fault, index, baseline, last=index == repeat - 1)
        if repeat == 1 and not back and not self._collects:
            # Kept by a cache, or leaked? A leak adds as much again.
            self._force_once(fault, repeat, baseline, last=True)

    def _force_once(
        self, fault: ServedFault, index: int, baseline: Snapshot, *, last: bool
    ) -> bool:
        """Force the fault and let memory settle; whether it is back, where that is waited for."""
        self._process.collect()
        self._recording.enter(Stage.FAULT, index)
        evidence = self._force(fault, index)
        for item in evidence:
            if item.what is Seen.EXIT_STATUS and isinstance(item.value, int):
                raise Died(item.value)
        self._recording.enter(Stage.AFTER_ERROR, index)
        self._quiesce()
        back = self._settle(baseline, last=last)
        self._gauge.after_fault(self._scenario.settle.timeout if last else 0.0)
        status = self._process.running.exit_status()
        if status is not None:
            raise Died(status)
        return back

    def _force(self, fault: ServedFault, index: int) -> tuple[Evidence, ...]:
        self._watch.begin()
        self._allocator.begin()
        self._gauge.begin()
        try:
            evidence = self._process.force(fault, self._healthy, self._scenario.tolerance_bytes)
        finally:
            self._watch.finish()
            self._keep_sweep()
        self._allocator.finish()
        self._gauge.during_fault()
        self._recording.add_fault(index, evidence)
        return evidence

    def _keep_sweep(self) -> None:
        sweep = self._process.sweep
        if sweep is not None:
            self._recording.set_sweep(sweep)

    def _again(self) -> None:
        self._watch.again()
        self._allocator.begin()

    def _settle(self, baseline: Snapshot, *, last: bool) -> bool:
        if not last:
            self._until_still()
            return True
        back = self._until_back(baseline)
        if not back and self._collects:
            # Kept: by a cycle that only Python's collector breaks, or by something that lives?
            self._recording.enter(Stage.AFTER_COLLECT)
            self._process.collect()
            self._quiesce()
            self._until_back(baseline)
        return back

    @property
    def _collects(self) -> bool:
        """Whether the workload can be asked to collect garbage."""
        return isinstance(self._scenario.workload, PythonWorkload)

    def _until_back(self, baseline: Snapshot) -> bool:
        back = self._waits.until_back(
            self._residents,
            baseline,
            self._scenario.tolerance_bytes,
            self._quiesce,
        )
        self._allocator.settled()
        return back
