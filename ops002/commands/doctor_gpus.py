"""What a run would meet on the GPUs: the same steps, up to where it would start a workload."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from ops002.commands.instruments import judgeable
from ops002.diagnosis import Finding, Weight, of_device, of_driver, of_mode, of_system
from ops002.measurement import IncidentKind, Snapshot, Stage
from ops002.probes import NoProbe
from ops002.probes.cards import Driver, Sample
from ops002.probes.cuda_memory import CudaMemory
from ops002.probes.cuda_selection import Selected
from ops002.probes.meter_client import Meter, MeterSilent
from ops002.process_table import running_seconds
from ops002.trials.exclusivity import DirtyDevice, remarks_on_others

_UNREADABLE: Final = (
    "see what nvidia-smi and dmesg say of it; a GPU that is lost or hangs needs a reset (sudo "
    "nvidia-smi --gpu-reset), or the machine a reboot"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """GPUs of a scenario: its ``device``, and whether they are to be its own."""

    device: str
    exclusive: bool


def look_at_gpus(wanted: Sequence[Wanted], environ: Mapping[str, str]) -> Iterator[Finding]:
    """The driver, its cards, and whether a run could judge those that are wanted."""
    with closing(Meter()) as meter:
        try:
            driver = meter.driver()
            samples = _samples(meter, driver)
        except MeterSilent as silent:
            yield from of_driver(str(silent), {}, {}, wanted=bool(wanted))
            return
        yield from of_driver(driver, samples, _ages(samples), wanted=bool(wanted))
        yield from of_system(platform.release())
        for one in wanted:
            try:
                selected = judgeable(one.device, driver, environ)
                yield of_device(one.device, selected)
                for card in selected:
                    yield from of_mode(one.device, card.card, samples[card.card.uuid])
                _must_be_free(meter, selected, exclusive=one.exclusive)
            except (NoProbe, MeterSilent, DirtyDevice) as error:
                yield _obstacle(one.device, error)


def _samples(meter: Meter, driver: Driver) -> dict[str, Sample]:
    uuids = [card.uuid for card in driver.cards if not card.divided]
    return {sample.uuid: sample for sample in meter.sample(uuids)}


def _ages(samples: Mapping[str, Sample]) -> dict[int, float | None]:
    """Since when each process on the cards has run, in seconds; None where that isn't shown."""
    tenants = (tenant for sample in samples.values() for tenant in sample.tenants or ())
    return {tenant.pid: running_seconds(tenant.pid) for tenant in tenants}


def _must_be_free(meter: Meter, selected: Sequence[Selected], *, exclusive: bool) -> None:
    """As a run before its start.

    Raises:
        MeterSilent: there is no reading of one of them.
        DirtyDevice: somebody is there who must not be.
    """
    probe = CudaMemory(meter, selected)
    look = probe.read(())
    before = Snapshot(
        seconds=0.0,
        stage=Stage.BEFORE_START,
        fault=None,
        readings=look.readings,
        processes=look.processes,
    )
    # What it only remarks on has been told of the card.
    list(remarks_on_others(before, probe.devices, exclusive=exclusive))


def _obstacle(device: str, error: NoProbe | MeterSilent | DirtyDevice) -> Finding:
    words, _, remedy = str(error).partition("; ")
    match error:
        case NoProbe(kind=IncidentKind.UNSUPPORTED_DEVICE):
            remedy = "run the gate on a GPU with memory of its own"
        case NoProbe():
            pass  # it says what to do
        case MeterSilent():
            remedy = remedy or _UNREADABLE
        case DirtyDevice():
            words, _, remedy = str(error).rpartition(": ")
    return Finding(
        subject=f"device {device}", weight=Weight.OBSTACLE, words=words, remedy=remedy or None
    )
