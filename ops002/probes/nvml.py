"""The driver's own figures, through NVIDIA's management library: cards, memory, processes.

NVML reads a card without a CUDA context, so that nothing of the gate's is in what it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pynvml

from ops002.probes.cards import Card, Driver, Sample, Tenant
from ops002.probes.nvml_facts import (
    UNKNOWN_CALL,
    advice,
    compute_mode,
    is_divided,
    is_kept_awake,
    is_virtual,
    whose_memory,
    words,
)

_INITIAL_PID_NAMESPACE: Final = 0xEFFFFFFC  # linux/proc_ns.h: PROC_PID_INIT_INO
_V1, _V2 = "v1", "v2"
_NOT_SHOWN: Final = frozenset(
    {pynvml.NVML_ERROR_NO_PERMISSION, pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_NOT_FOUND}
)
_NAMELESS: Final = "?"
_NO_MEMORY_FIGURES: Final = "the driver gives no memory figures for it"


class NvmlError(Exception):
    """The driver can't be asked: says why, and what to do."""


class Nvml:
    """One session with the driver, held open: without one it may let go of an idle card."""

    def __init__(self) -> None:
        """Open the session.

        Raises:
            NvmlError: no library, no driver, no permission.
        """
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            raise NvmlError(advice(error)) from None
        self._hidden = Path("/proc/self/ns/pid").stat().st_ino != _INITIAL_PID_NAMESPACE
        self._handles: dict[str, Any] = {}
        self._names: dict[str, dict[int, str]] = {}
        # Both readings of a delta must come from the same call: the first that works is kept.
        self._version: dict[str, str] = {}

    def driver(self) -> Driver:
        """The driver and its cards.

        Raises:
            NvmlError: it can't be asked.
        """
        try:
            version = str(pynvml.nvmlSystemGetDriverVersion())
            count = pynvml.nvmlDeviceGetCount()
            found = [card for index in range(count) for card in self._cards_at(index)]
        except pynvml.NVMLError as error:
            raise NvmlError(advice(error)) from None
        return Driver(version=version, cards=tuple(sorted(found, key=lambda card: card.pci_bus_id)))

    def sample(self, uuid: str, *, listed: bool = True) -> Sample:
        """The memory of a card now, and who is on it if that is asked.

        What can't be read is said in it.
        """
        try:
            handle = self._handle(uuid)
            used: int | None = self._memory(uuid, handle).used
            why = None
        except pynvml.NVMLError as error:
            used, why = None, words(error)
            return self._sample(uuid, used, why, None, why)
        tenants, unlisted = self._tenants(uuid, handle) if listed else (None, "not asked")
        return self._sample(uuid, used, why, tenants, unlisted)

    def _sample(
        self,
        uuid: str,
        used: int | None,
        why: str | None,
        tenants: tuple[Tenant, ...] | None,
        unlisted: str | None,
    ) -> Sample:
        return Sample(
            uuid=uuid,
            version=self._version.get(uuid, _V2),
            used_bytes=used,
            why_unread=why,
            tenants=tenants,
            why_unlisted=unlisted,
        )

    def _cards_at(self, index: int) -> Iterator[Card]:
        """The card at a place and its slices; none where this user may not see it, or it is lost.

        NVML counts cards that it then refuses, and CUDA doesn't show them either.
        """
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        except pynvml.NVMLError as error:
            if error.value in _NOT_SHOWN:
                return
            raise
        try:
            yield from self._cards(handle)
        except pynvml.NVMLError as error:
            if error.value != pynvml.NVML_ERROR_GPU_IS_LOST:
                raise

    def _cards(self, handle: Any) -> Iterator[Card]:
        address = str(pynvml.nvmlDeviceGetPciInfo(handle).busId)
        try:
            divided = is_divided(handle)
        except pynvml.NVMLError as error:
            untold = f"whether it is divided by MIG can't be told ({words(error)})"
            yield replace(self._card(handle, address), untold=untold)
            return
        if not divided:
            yield self._judgeable(handle, self._card(handle, address))
            return
        # The figures of a divided card are for those who may see all of it.
        card = replace(self._card(handle, address), divided=True, unsupported=None)
        yield card
        for place in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
            try:
                part = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
            except pynvml.NVMLError as error:
                if error.value in _NOT_SHOWN:  # a place without a slice, or not for this user
                    continue
                raise
            # Whose memory it is, a card is asked: it is no question to one of its slices.
            yield self._judgeable(handle, replace(self._card(part, address), parent=card.uuid))

    def _judgeable(self, handle: Any, card: Card) -> Card:
        """The card, with what keeps its memory from being judged."""
        if card.unsupported is not None:
            return card
        try:
            return replace(card, unsupported=whose_memory(handle, card.total_bytes))
        except pynvml.NVMLError as error:
            why = words(error)
        except OSError as error:
            why = str(error)
        return replace(card, untold=f"whether its memory is its own can't be told ({why})")

    def _card(self, handle: Any, address: str) -> Card:
        uuid = str(pynvml.nvmlDeviceGetUUID(handle))
        self._handles[uuid] = handle
        total, unsupported = self._total(uuid, handle)
        return Card(
            uuid=uuid,
            name=str(pynvml.nvmlDeviceGetName(handle)),
            pci_bus_id=address,
            total_bytes=total,
            unsupported=unsupported,
            compute_mode=compute_mode(handle),
            kept_awake=is_kept_awake(handle),
            virtual=is_virtual(handle),
        )

    def _total(self, uuid: str, handle: Any) -> tuple[int | None, str | None]:
        try:
            total = int(self._memory(uuid, handle).total)
        except pynvml.NVMLError as error:
            unknown = error.value in UNKNOWN_CALL
            return None, _NO_MEMORY_FIGURES if unknown else None
        return total, None if total else _NO_MEMORY_FIGURES

    def _handle(self, uuid: str) -> Any:
        if uuid not in self._handles:
            self._handles[uuid] = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        return self._handles[uuid]

    def _memory(self, uuid: str, handle: Any) -> Any:
        if self._version.get(uuid) != _V1:
            try:
                memory = pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)
            except pynvml.NVMLError as error:
                # Once it has answered, its silence is an error, and no reason to ask another.
                if self._version.get(uuid) == _V2 or error.value not in UNKNOWN_CALL:
                    raise
            else:
                self._version[uuid] = _V2
                return memory
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        self._version[uuid] = _V1
        return memory

    def _tenants(self, uuid: str, handle: Any) -> tuple[tuple[Tenant, ...] | None, str | None]:
        if self._hidden:
            return None, "the driver hides processes from PID namespaces other than the host's"
        sizes: dict[int, int | None] = {}
        uses: dict[int, str] = {}
        for use, ask in _LISTS.items():
            try:
                listed = ask(handle)
            except pynvml.NVMLError as error:
                # Who computes must be told; cards and drivers that know no other use are many.
                if use == "compute" or error.value not in UNKNOWN_CALL:
                    return None, f"the driver lists no processes: {words(error)}"
                continue
            for process in listed:
                sizes[process.pid] = _most(sizes.get(process.pid), process.usedGpuMemory)
                uses.setdefault(process.pid, use)
        names = self._named(uuid, sizes)
        return tuple(
            Tenant(pid=pid, name=names[pid], bytes=sizes[pid], use=uses[pid])
            for pid in sorted(sizes)
        ), None

    def _named(self, uuid: str, pids: Iterable[int]) -> dict[int, str]:
        """Names, each read once for as long as its process is listed on the card."""
        known = self._names.get(uuid, {})
        names = {pid: known.get(pid) or _name(pid) for pid in pids}
        self._names[uuid] = {pid: name for pid, name in names.items() if name != _NAMELESS}
        return names


_LISTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "compute": pynvml.nvmlDeviceGetComputeRunningProcesses_v3,
    "graphics": pynvml.nvmlDeviceGetGraphicsRunningProcesses_v3,
    "mps": pynvml.nvmlDeviceGetMPSComputeRunningProcesses_v3,
}


def _most(one: int | None, other: int | None) -> int | None:
    """A process may be in both lists, with the same memory."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        return _NAMELESS
