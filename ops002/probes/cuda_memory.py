"""Memory of NVIDIA GPUs: what the driver says is used, and by whom."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf
from statistics import median_low
from typing import Final, Protocol

from ops002.contract import AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES as _MOST
from ops002.measurement import JudgedDevice, Missing, Owner, Process, ProcessMemory, Reading
from ops002.probes import Look
from ops002.probes.cards import Sample, Tenant
from ops002.probes.cuda_selection import Selected, environment_of
from ops002.probes.meter_client import MeterSilent
from ops002.process_table import entry
from ops002.text import clean

OWN: Final = "nvml-workload"
OTHERS: Final = "nvml-others"
PEAK: Final = "nvml-peak"
_NAME: Final = 64  # characters of a process's name
_NO_SIZES: Final = "the driver doesn't say how much each process holds, or says more than there is"
_NO_MARK: Final = "the driver keeps no high-water mark"
_POLL_SHARE: Final = 25
"""From one poll to the next this many times what it cost passes: less than 5 % of a core."""
_BLIND_SECONDS: Final = 0.02
"""But no more than this, for peaks as short as that are real; unless polls would take a sixth of a
core."""
_LEAST_POLL_SHARE: Final = 5
_COSTS: Final = 3


class Samples(Protocol):
    """What takes readings of cards: a meter."""

    def sample(self, uuids: Sequence[str], *, listed: bool = True) -> tuple[Sample, ...]:
        """The memory of these cards now, in their order; who is on them if ``listed``.

        Raises:
            MeterSilent: none of it can be read.
        """
        ...


class CudaMemory:
    """Reads what is used of some cards.

    Judged is the driver's count for the whole card. What the workload's processes hold, and what
    others do, stands beside it, where the driver says so: it explains.
    """

    def __init__(
        self,
        meter: Samples,
        selected: Sequence[Selected],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take a first reading: it says which of the driver's calls all others come from.

        ``now`` in seconds, on a clock that never goes back.

        Raises:
            MeterSilent: there is no reading of one of them.
        """
        self._meter = meter
        self._names = {one.card.uuid: one.device for one in selected}
        self._selected = tuple(selected)
        self._ours: dict[int, int] = {}
        self._now = now
        self._polled = 0
        self._costs: deque[float] = deque(maxlen=_COSTS)
        self._next_poll = -inf
        first = meter.sample(list(self._names))
        for sample in first:
            if sample.used_bytes is None:
                raise MeterSilent(f"{self._names[sample.uuid]}: {sample.why_unread}")
        self._instruments = {sample.uuid: f"nvml-used-{sample.version}" for sample in first}

    @property
    def devices(self) -> tuple[JudgedDevice, ...]:
        """The cards, each judged by the driver's call that was found to work."""
        return tuple(
            JudgedDevice(device=device, instrument=self._instruments[uuid], own=OWN, others=OTHERS)
            for uuid, device in self._names.items()
        )

    @property
    def environment(self) -> Mapping[str, str]:
        """What a workload needs in its environment to use exactly these cards."""
        return environment_of(self._selected)

    def read(self, processes: Sequence[Process]) -> Look:
        """What is used of each card, of that by the workload and by others, and by whom."""
        # Whoever was once the workload's: the driver counts a process on after its end. The PIDs
        # of a meter on this machine are those of this PID namespace.
        self._ours.update({process.pid: process.started for process in processes})
        readings: list[Reading | Missing] = []
        parts: list[ProcessMemory] = []
        for uuid, sample in self._possible():
            tenants = sample.tenants if isinstance(sample, Sample) else None
            ours = self._ours_of(tenants or ())
            readings += self._readings(uuid, sample, ours)
            if isinstance(sample, Sample):
                parts += self._parts(sample, ours)
        return Look(tuple(readings), tuple(parts))

    def poll(self, processes: Sequence[Process]) -> int:
        """The figure that is judged, without the lists; the last one is kept for a while.

        What comes and goes in that while (some milliseconds) is not seen.
        """
        del processes
        began = self._now()
        if began >= self._next_poll:
            self._polled = sum(
                sample.used_bytes or 0
                for _, sample in self._samples(listed=False)
                if isinstance(sample, Sample)
            )
            ended = self._now()
            self._costs.append(ended - began)
            # One that a busy machine held up says nothing of the cost.
            cost = median_low(self._costs)
            self._next_poll = ended + max(
                _LEAST_POLL_SHARE * cost, min(_POLL_SHARE * cost, _BLIND_SECONDS)
            )
        return self._polled

    def reset_peak(self, process: Process) -> None:
        """The next poll asks the driver; it keeps no mark of its own."""
        del process
        self._next_poll = -inf

    def read_peak(self, process: Process) -> Reading | Missing:
        """Always `Missing`."""
        del process
        device = self._selected[0].device
        return Missing(device=device, instrument=PEAK, missing=_NO_MARK)

    def _samples(self, *, listed: bool = True) -> Iterator[tuple[str, Sample | str]]:
        try:
            for sample in self._meter.sample(list(self._names), listed=listed):
                yield sample.uuid, sample
        except MeterSilent as silent:
            for uuid in self._names:
                yield uuid, str(silent)

    def _possible(self) -> Iterator[tuple[str, Sample | str]]:
        """The samples; what a process can't hold, since the card doesn't have it, is not told."""
        totals = {one.card.uuid: one.card.total_bytes or _MOST for one in self._selected}
        for uuid, sample in self._samples():
            if isinstance(sample, Sample) and sample.tenants is not None:
                tenants = (_at_most(one, totals[uuid]) for one in sample.tenants)
                yield uuid, replace(sample, tenants=tuple(tenants))
            else:
                yield uuid, sample

    def _readings(
        self, uuid: str, sample: Sample | str, ours: frozenset[int]
    ) -> Iterator[Reading | Missing]:
        device, judged = self._names[uuid], self._instruments[uuid]

        def missing(instrument: str, why: str | None) -> Missing:
            return Missing(device=device, instrument=instrument, missing=why or "no reason given")

        if isinstance(sample, str):
            yield missing(judged, sample)
            return
        if sample.used_bytes is None:
            yield missing(judged, sample.why_unread)
        elif judged != f"nvml-used-{sample.version}":
            yield missing(judged, f"the driver answers another call now: {sample.version}")
        else:
            yield Reading(device=device, instrument=judged, bytes=sample.used_bytes)
        for instrument, own in ((OWN, True), (OTHERS, False)):
            if sample.tenants is None:
                yield missing(instrument, sample.why_unlisted)
                continue
            sizes = [one.bytes for one in sample.tenants if (one.pid in ours) == own]
            if None in sizes:
                yield missing(instrument, _NO_SIZES)
            else:
                total = sum(size for size in sizes if size is not None)
                yield Reading(device=device, instrument=instrument, bytes=total)

    def _ours_of(self, tenants: Sequence[Tenant]) -> frozenset[int]:
        """The PIDs that are listed for the workload: none that a stranger was given since."""
        found = {tenant.pid for tenant in tenants if tenant.pid in self._ours}
        for pid in tuple(found):
            now = entry(pid)
            if now is not None and now.started != self._ours[pid]:
                del self._ours[pid]
                found.discard(pid)
        return frozenset(found)

    def _parts(self, sample: Sample, ours: frozenset[int]) -> Iterator[ProcessMemory]:
        device = self._names[sample.uuid]

        def size(tenant: Tenant) -> int | Missing:
            if tenant.bytes is not None:
                return tenant.bytes
            return Missing(device=device, instrument=OWN, missing="the driver doesn't say")

        for tenant in sample.tenants or ():
            yield ProcessMemory(
                device=device,
                pid=tenant.pid,
                name=clean(tenant.name, _NAME),
                owner=Owner.WORKLOAD if tenant.pid in ours else Owner.OTHER,
                bytes=size(tenant),
            )


def _at_most(tenant: Tenant, total: int) -> Tenant:
    if tenant.bytes is None or 0 <= tenant.bytes <= total:
        return tenant
    return replace(tenant, bytes=None)
