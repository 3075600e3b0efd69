"""The instruments of a run: the host's memory, or GPUs through a meter that is started for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TextIO

from ops002.clock import Clock
from ops002.commands.printing import show
from ops002.executors import Setting
from ops002.measurement import IncidentKind
from ops002.probes import NoProbe, Probe
from ops002.probes.cards import Driver
from ops002.probes.cuda_memory import CudaMemory
from ops002.probes.cuda_selection import NoSuchDevice, Selected, select
from ops002.probes.gpu_lock import GpuLock
from ops002.probes.host_memory import HostMemory
from ops002.probes.meter_client import Meter, MeterSilent
from ops002.result import Device

_LOCK_SECONDS: Final = 0.2
_SHARED: Final = "memory there can't be judged: "


class Instruments:
    """Makes the probe of each workload start; remembers which GPUs were measured.

    To be made before the executor: what runs by then isn't the workload's.
    """

    def __init__(
        self, environ: Mapping[str, str], clock: Clock, err: TextIO, *, gpus: bool
    ) -> None:
        """``gpus``: whether any will be measured. Whom it waits for is told on ``err``."""
        self._environ = environ
        self._clock = clock
        self._err = err
        self._lock = GpuLock()
        self._meter = Meter() if gpus else None
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
        assert self._meter is not None
        try:
            self._driver = self._meter.driver()
            selected = select(device, self._driver.cards, self._environ)
            _must_be_judgeable(selected)
            self._selected.update({one.device: one for one in selected})
            self._wait_for(selected)
            return CudaMemory(self._meter, selected)
        except (MeterSilent, NoSuchDevice) as error:
            raise NoProbe(IncidentKind.NO_READING, str(error)) from None

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


def _must_be_judgeable(selected: tuple[Selected, ...]) -> None:
    for one in selected:
        if one.card.unsupported is not None:
            raise NoProbe(
                IncidentKind.UNSUPPORTED_DEVICE,
                f"{one.device} ({one.card.name}): {_SHARED}{one.card.unsupported}",
            )
