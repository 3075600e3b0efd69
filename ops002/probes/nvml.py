"""The driver's own figures, through NVIDIA's management library. The only room that knows pynvml.

NVML reads a card without a CUDA context, so that nothing of the gate's is in what it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pynvml

from ops002.probes.cards import Card, Driver, Sample, Tenant

_INITIAL_PID_NAMESPACE: Final = 0xEFFFFFFC  # linux/proc_ns.h: PROC_PID_INIT_INO
_V1, _V2 = "v1", "v2"
_UNKNOWN_CALL: Final = frozenset(
    {
        pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,
        pynvml.NVML_ERROR_NOT_SUPPORTED,
        pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
    }
)
_NOT_SHOWN: Final = frozenset(
    {pynvml.NVML_ERROR_NO_PERMISSION, pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_NOT_FOUND}
)
_NO_MEMORY_FIGURES: Final = "the driver gives no memory figures for it"
_COHERENT: Final = (
    "its memory is part of the system's: the kernel keeps pages there after a process has ended, "
    "so they say nothing of a leak"
)


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
            raise NvmlError(_advice(error)) from None
        self._handles: dict[str, Any] = {}
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
            raise NvmlError(_advice(error)) from None
        return Driver(version=version, cards=tuple(sorted(found, key=lambda card: card.pci_bus_id)))

    def sample(self, uuid: str) -> Sample:
        """The memory of a card now. What can't be read is said in it."""
        try:
            handle = self._handle(uuid)
            used: int | None = self._memory(uuid, handle).used
            why = None
        except pynvml.NVMLError as error:
            used, why = None, _words(error)
            return self._sample(uuid, used, why, None, why)
        tenants, unlisted = self._tenants(handle)
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
        yield from self._cards(handle)

    def _cards(self, handle: Any) -> Iterator[Card]:
        divided = _divided(handle)
        card = self._card(handle, pynvml.nvmlDeviceGetPciInfo(handle).busId, divided=divided)
        yield card
        if divided:
            for place in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
                with suppress(pynvml.NVMLError):  # places that hold no slice
                    part = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
                    yield self._card(part, card.pci_bus_id, parent=card.uuid)

    def _card(
        self, handle: Any, address: str, *, divided: bool = False, parent: str | None = None
    ) -> Card:
        uuid = str(pynvml.nvmlDeviceGetUUID(handle))
        self._handles[uuid] = handle
        total, unsupported = self._total(uuid, handle)
        return Card(
            uuid=uuid,
            name=str(pynvml.nvmlDeviceGetName(handle)),
            pci_bus_id=str(address),
            total_bytes=total,
            parent=parent,
            divided=divided,
            # The figures of a divided card are for those who may see all of it.
            unsupported=None if divided else unsupported or _coherent(handle),
        )

    def _total(self, uuid: str, handle: Any) -> tuple[int | None, str | None]:
        try:
            total = int(self._memory(uuid, handle).total)
        except pynvml.NVMLError as error:
            unknown = error.value in _UNKNOWN_CALL
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
                if self._version.get(uuid) == _V2 or error.value not in _UNKNOWN_CALL:
                    raise
            else:
                self._version[uuid] = _V2
                return memory
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        self._version[uuid] = _V1
        return memory

    def _tenants(self, handle: Any) -> tuple[tuple[Tenant, ...] | None, str | None]:
        if Path("/proc/self/ns/pid").stat().st_ino != _INITIAL_PID_NAMESPACE:
            return None, "the driver hides processes from PID namespaces other than the host's"
        found: dict[int, int | None] = {}
        for ask in _LISTS:
            try:
                listed = ask(handle)
            except pynvml.NVMLError as error:
                # Who computes must be told; cards and drivers that know no other use are many.
                if ask is _LISTS[0] or error.value not in _UNKNOWN_CALL:
                    return None, f"the driver lists no processes: {_words(error)}"
                continue
            for process in listed:
                size = process.usedGpuMemory
                found[process.pid] = _most(found.get(process.pid), size)
        return tuple(
            Tenant(pid=pid, name=_name(pid), bytes=found[pid]) for pid in sorted(found)
        ), None


_LISTS: Final[tuple[Callable[[Any], Any], ...]] = (
    pynvml.nvmlDeviceGetComputeRunningProcesses_v3,
    pynvml.nvmlDeviceGetGraphicsRunningProcesses_v3,
    pynvml.nvmlDeviceGetMPSComputeRunningProcesses_v3,
)


def _most(one: int | None, other: int | None) -> int | None:
    """A process may be in both lists, with the same memory."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _divided(handle: Any) -> bool:
    try:
        current, _ = pynvml.nvmlDeviceGetMigMode(handle)
    except pynvml.NVMLError:
        return False  # a card or a driver that knows no MIG
    return bool(current == pynvml.NVML_DEVICE_MIG_ENABLE)


def _coherent(handle: Any) -> str | None:
    """Why a card's memory isn't its own, if so: it is a NUMA node of the system, or coherent."""
    with suppress(pynvml.NVMLError):
        pynvml.nvmlDeviceGetNumaNodeId(handle)  # answered where the memory is a node, only
        return _COHERENT
    return None


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
    except OSError:
        return "?"


def _words(error: pynvml.NVMLError) -> str:
    return f"NVML: {error}"


def _advice(error: pynvml.NVMLError) -> str:
    advice = {
        pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: (
            "libnvidia-ml.so.1 isn't here: install NVIDIA's driver, or, in a container, start it "
            "with --gpus all and the NVIDIA container toolkit"
        ),
        pynvml.NVML_ERROR_DRIVER_NOT_LOADED: (
            "NVIDIA's library is here and its kernel driver isn't loaded: load it (modprobe "
            "nvidia), or, in a container, start it with --gpus all"
        ),
        pynvml.NVML_ERROR_NO_PERMISSION: (
            "this user may not ask the driver: let it open /dev/nvidiactl (often: the group video)"
        ),
        pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: (
            "the library and the kernel driver are of different versions: the driver was updated "
            "and not loaded again; reboot, or unload and load it"
        ),
    }.get(error.value)
    return f"{_words(error)}; {advice}" if advice else _words(error)
