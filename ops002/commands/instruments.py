"""The instruments of a run: the host's memory, or GPUs through a meter that is started for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TextIO

from ops002.clock import Clock
from ops002.commands.printing import show
from ops002.executors import Setting
from ops002.measurement import IncidentKind, Process
from ops002.probes import NoProbe, Probe
from ops002.probes.cards import Driver
from ops002.probes.cuda_memory import CudaMemory
from ops002.probes.cuda_selection import NoSuchDevice, Selected, select
from ops002.probes.gpu_lock import GpuLock
from ops002.probes.host_memory import HostMemory
from ops002.probes.meter_client import Meter, MeterSilent
from ops002.processes import describe
from ops002.result import Device

_LOCK_SECONDS: Final = 0.2
_MOST_FAILURES: Final = 3
"""Starts in a row that no meter had an answer for: a driver that hangs takes a minute each."""
_SHARED: Final = "memory there can't be judged: "


class Instruments:
    """Makes the probe of each workload start; remembers which GPUs were measured.

    To be made before the executor: what runs by then isn't the workload's. What is started later is
    told by `helpers`.
    """

    def __init__(
        self, environ: Mapping[str, str], clock: Clock, err: TextIO, *, gpus: bool
    ) -> None:
        """``gpus``: whether any will be measured. Whom it waits for is told on ``err``."""
        self._environ = environ
        self._clock = clock
        self._err = err
        self._lock = GpuLock()
        self._helpers: list[Process] = []
        self._meter = self._new_meter() if gpus else None
        self._failures = 0
        self._driver: Driver | None = None
        self._selected: dict[str, Selected] = {}

    def make_probe(self, device: str, setting: Setting) -> Probe:
        """The probe of a scenario's ``device``, for workloads in this setting.

        Raises:
            NoProbe: it can't be measured.
            Interrupted: the run must end before another gate has left it.
        """
        if device == "cpu":
            return HostMemory(shm=setting.shm, gate=setting.init)
        try:
            probe = self._cuda_memory(device)
        except MeterSilent as error:
            self._failures += 1
            raise NoProbe(IncidentKind.NO_READING, str(error)) from None
        self._failures = 0
        return probe

    @property
    def helpers(self) -> tuple[Process, ...]:
        """Processes that were started to measure, and aren't the workload's."""
        return tuple(self._helpers)

    @property
    def driver(self) -> str | None:
        """The version of the driver that was asked; None if none was."""
        return None if self._driver is None else self._driver.version

    @property
    def gpus(self) -> tuple[Device, ...]:
        """The GPUs that were measured so far."""
        return tuple(
            Device(
                id=one.device,
                name=one.card.name,
                uuid=one.card.uuid,
                total_bytes=one.card.total_bytes,
            )
            for one in self._selected.values()
        )

    def _cuda_memory(self, device: str) -> CudaMemory:
        meter = self._meter_that_answers()
        driver = meter.driver()
        selected = judgeable(device, driver, self._environ)
        self._must_be_the_same(driver, selected)
        self._driver = driver
        self._selected.update({one.device: one for one in selected})
        self._wait_for(selected)
        return CudaMemory(meter, selected)

    def _meter_that_answers(self) -> Meter:
        """The meter; another one in place of one that failed, unless others have as well."""
        assert self._meter is not None
        failed = self._meter.is_silent or self._failures > 0
        if failed and self._failures < _MOST_FAILURES:
            self._meter.close()
            self._meter = self._new_meter()
        return self._meter

    def _new_meter(self) -> Meter:
        meter = Meter()
        started = describe(meter.pid)
        if started is not None:  # else it has ended already: nobody can take it for another
            self._helpers.append(started)
        return meter

    def _must_be_the_same(self, driver: Driver, selected: tuple[Selected, ...]) -> None:
        """One report tells one driver, and by each name one GPU."""
        if self._driver is not None and driver.version != self._driver.version:
            raise NoProbe(
                IncidentKind.NO_READING,
                f"the driver is version {driver.version} now, and was {self._driver.version} at an "
                "earlier start: it was changed in the middle of the run; run it again",
            )
        for one in selected:
            before = self._selected.get(one.device, one).card.uuid
            if before != one.card.uuid:
                raise NoProbe(
                    IncidentKind.NO_READING,
                    f"{one.device} is {one.card.uuid} now, and was {before} at an earlier start: "
                    "GPUs have come or gone; name the one that is meant by its UUID",
                )

    def _wait_for(self, selected: tuple[Selected, ...]) -> None:
        # In one order everywhere: two gates that want the same GPUs don't wait for each other.
        wanted = sorted(one.card.uuid for one in selected)
        self._lock.let_go_of_others(wanted)
        for uuid in wanted:
            if not self._lock.take(uuid):
                show(f"{uuid}: another ops002 is measuring there; waiting for its end\n", self._err)
            while not self._lock.take(uuid):
                self._clock.sleep(_LOCK_SECONDS)

    def close(self) -> None:
        """End the meter, and let the GPUs go."""
        self._lock.close()
        if self._meter is not None:
            self._meter.close()


def judgeable(device: str, driver: Driver, environ: Mapping[str, str]) -> tuple[Selected, ...]:
    """The GPUs that a config's ``device`` means.

    Raises:
        NoProbe: there is none of them, or its memory says nothing, or the driver doesn't say so.
    """
    try:
        selected = select(device, driver.cards, environ)
    except NoSuchDevice as error:
        raise NoProbe(IncidentKind.NO_READING, str(error)) from None
    for one in selected:
        if one.card.untold is not None:
            raise NoProbe(
                IncidentKind.NO_READING,
                f"{one.device} ({one.card.name}): {one.card.untold}; without that no figure of it "
                "can be trusted: look at the driver's log (dmesg), or name another GPU",
            )
        if one.card.unsupported is not None:
            raise NoProbe(
                IncidentKind.UNSUPPORTED_DEVICE,
                f"{one.device} ({one.card.name}): {_SHARED}{one.card.unsupported}",
            )
    return selected
