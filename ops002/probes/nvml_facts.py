"""What the driver says a card is: its kind of memory, divided or not, how it is set up.

A call that a driver doesn't know is an answer: the card isn't of that kind. Any other error isn't:
it is raised, and nobody may take it for "no".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pynvml

UNKNOWN_CALL: Final = frozenset(
    {
        pynvml.NVML_ERROR_FUNCTION_NOT_FOUND,
        pynvml.NVML_ERROR_NOT_SUPPORTED,
        pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
    }
)
_COHERENT: Final = (
    "its memory is part of the system's: the kernel keeps pages there after a process has ended, "
    "so they say nothing of a leak"
)
_UNIFIED: Final = (
    "its memory is the system's own: whatever runs on the machine is in its figures, so they say "
    "nothing of a leak"
)
_ALIKE: Final = 0.1
"""GB10 tells the machine's memory as its own; no card with memory of its own is known that has,
within a tenth, as much as the machine that it shares page tables with."""
_MODES: Final = {
    pynvml.NVML_COMPUTEMODE_DEFAULT: "default",
    pynvml.NVML_COMPUTEMODE_EXCLUSIVE_THREAD: "exclusive",
    pynvml.NVML_COMPUTEMODE_PROHIBITED: "prohibited",
    pynvml.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS: "exclusive",
}


def is_divided(handle: Any) -> bool:
    """Whether MIG is on.

    Raises:
        NVMLError: the driver doesn't say.
    """
    try:
        current, _ = pynvml.nvmlDeviceGetMigMode(handle)
    except pynvml.NVMLError as error:
        if error.value in UNKNOWN_CALL:
            return False
        raise
    return bool(current == pynvml.NVML_DEVICE_MIG_ENABLE)


def whose_memory(handle: Any, total: int | None) -> str | None:
    """Why a card's memory (``total`` bytes) isn't its own; None if it is.

    A NUMA node of the system's (Grace in NUMA mode), or the system's memory itself (GB10). Page
    tables that are shared (ATS) alone say neither: where the driver manages a Grace's GPU memory
    (CDMM, driver 580 on) they are shared too, and the memory is the card's.

    Raises:
        NVMLError: the driver doesn't say.
        OSError: the kernel doesn't say how much memory the machine has.
    """
    try:
        pynvml.nvmlDeviceGetNumaNodeId(handle)  # answered where the memory is a node, only
    except pynvml.NVMLError as error:
        if error.value not in UNKNOWN_CALL:
            raise
    else:
        return _COHERENT
    if total is None or not _shares_page_tables(handle):
        return None
    machine = _machine_bytes()
    return _UNIFIED if abs(total - machine) <= _ALIKE * machine else None


def compute_mode(handle: Any) -> str | None:
    """``default``, ``exclusive`` (one process at a time) or ``prohibited``; None: not told."""
    try:
        return _MODES.get(pynvml.nvmlDeviceGetComputeMode(handle))
    except pynvml.NVMLError:
        return None


def is_kept_awake(handle: Any) -> bool | None:
    """Whether persistence mode is on; None: not told."""
    try:
        mode = pynvml.nvmlDeviceGetPersistenceMode(handle)
    except pynvml.NVMLError:
        return None
    return bool(mode == pynvml.NVML_FEATURE_ENABLED)


def is_virtual(handle: Any) -> bool | None:
    """Whether it is a share of a card that a hypervisor gives (vGPU); None: not told."""
    try:
        mode = pynvml.nvmlDeviceGetVirtualizationMode(handle)
    except pynvml.NVMLError:
        return None
    return bool(mode == pynvml.NVML_GPU_VIRTUALIZATION_MODE_VGPU)


def words(error: pynvml.NVMLError) -> str:
    """What the driver said."""
    return f"NVML: {error}"


def advice(error: pynvml.NVMLError) -> str:
    """What the driver said, and what to do about it where that is known."""
    known = {
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
    return f"{words(error)}; {known}" if known else words(error)


def _shares_page_tables(handle: Any) -> bool:
    """Whether CPU and GPU use one set of page tables (ATS)."""
    try:
        mode = pynvml.nvmlDeviceGetAddressingMode(handle)
    except pynvml.NVMLError as error:
        if error.value in UNKNOWN_CALL:
            return False
        raise
    return bool(mode == pynvml.NVML_DEVICE_ADDRESSING_MODE_ATS)


def _machine_bytes() -> int:
    """The machine's memory, by the kernel's count."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemTotal:"))
