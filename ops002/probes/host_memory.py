"""Memory of a process tree on the host: what a CPU workload's "device memory" is.

The reading is Pss_Anon + SwapPss + Pss_Shmem over the tree (proc(5), ``smaps_rollup``), with shared
memory that the tree holds counted whole (see `shared_memory`). Shares make it right for forked
processes: unique set size jumps by a parent's whole size when its child ends. Pages that the kernel
takes back when it likes never count: those of files, and those that were freed lazily.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops002.measurement import JudgedDevice, Missing, Owner, Process, ProcessMemory, Reading
from ops002.probes import Look
from ops002.probes.shared_memory import SharedMemory

DEVICE: Final = "cpu"
INSTRUMENT: Final = "pss-anon-shmem"
PEAK_INSTRUMENT: Final = "rss-peak"

_ANONYMOUS: Final = ("Pss_Anon", "SwapPss")
_SHARED: Final = "Pss_Shmem"
_COUNTED: Final = (*_ANONYMOUS, _SHARED)
_LAZILY_FREED: Final = "LazyFree"
_POLLED: Final = ("RssAnon", "RssShmem")
_POLLED_TOTAL: Final = ("Shmem",)  # proc(5), meminfo: files in memory and System V segments
_PEAK_FIELDS: Final = ("VmHWM", "RssFile")
_RESET_PEAK: Final = "5"  # proc(5), clear_refs: reset the peak resident set size
_SHM: Final = Path("/dev/shm")  # noqa: S108 (its size is read; nothing is put there)


@dataclass(frozen=True, slots=True)
class _Shares:
    """One process's shares of memory, in bytes."""

    anonymous: int
    shared: int


class HostMemory:
    """Reads the host memory of a workload's processes."""

    def __init__(
        self, proc: Path = Path("/proc"), shm: Path = _SHM, gate: int | None = None
    ) -> None:
        """``gate`` is the PID from which the workload descends; this process, if it isn't given."""
        self._proc = proc
        self._shared = SharedMemory(proc, shm, os.getpid() if gate is None else gate)
        self._most_file_pages: dict[int, int] = {}

    @property
    def devices(self) -> tuple[JudgedDevice, ...]:
        """The host as a device, by proportional shares."""
        return (JudgedDevice(device=DEVICE, instrument=INSTRUMENT),)

    @property
    def environment(self) -> Mapping[str, str]:
        """Nothing: there is one host."""
        return {}

    def read(self, processes: Sequence[Process]) -> Look:
        """The tree's memory in bytes; `Missing` if any of its processes can't be read."""
        shares = {process: self._shares(process) for process in processes}
        parts = tuple(_part(process, share) for process, share in shares.items() if share)
        for share in shares.values():
            if isinstance(share, Missing):
                return Look((share,), parts)
        known = {process: share for process, share in shares.items() if isinstance(share, _Shares)}
        try:
            shared = self._shared_bytes(known)
        except OSError as error:
            return Look((self._missing(f"shared memory: {error.strerror}"),), parts)
        total = shared + sum(share.anonymous for share in known.values())
        return Look((Reading(device=DEVICE, instrument=INSTRUMENT, bytes=total),), parts)

    def poll(self, processes: Sequence[Process]) -> int:
        """Resident pages that no file backs, without shares: rises with the reading.

        A file in memory that is open and not mapped is in no process's pages: the machine's total
        of shared memory shows it. Others move it, too: what they take costs a reading, and what
        they free between two polls hides as large a rise.
        """
        resident = sum(sum(self._status(process, _POLLED).values()) for process in processes)
        return resident + sum(_fields(self._proc / "meminfo", _POLLED_TOTAL).values())

    def reset_peak(self, process: Process) -> None:
        """Start the kernel's high-water mark of a process anew."""
        self._most_file_pages.pop(process.pid, None)
        try:
            (self._proc / str(process.pid) / "clear_refs").write_text(_RESET_PEAK)
        except OSError:
            # Then the mark still holds an older peak: `read_peak` is compared with its own first
            # reading, so that an old peak only makes the stake look smaller.
            return

    def read_peak(self, process: Process) -> Reading | Missing:
        """The most that was ever resident in a process, less the most file pages it was seen with.

        The kernel's mark counts file pages too, and doesn't say how many: what is subtracted is
        the most that any call since the reset has seen. A file that is mapped, touched and unmapped
        between two calls (milliseconds) still counts.
        """
        sizes = self._status(process, _PEAK_FIELDS)
        if len(sizes) < len(_PEAK_FIELDS):
            return self._missing(f"PID {process.pid} has no memory left", PEAK_INSTRUMENT)
        pages = max(sizes["RssFile"], self._most_file_pages.get(process.pid, 0))
        self._most_file_pages[process.pid] = pages
        return Reading(
            device=DEVICE, instrument=PEAK_INSTRUMENT, bytes=max(0, sizes["VmHWM"] - pages)
        )

    def _shared_bytes(self, shares: dict[Process, _Shares]) -> int:
        files = self._shared.files(list(shares))
        apart = sum(
            self._shared.mapped(process, files)
            for process, share in shares.items()
            if files and share.shared
        )
        in_shares = sum(share.shared for share in shares.values())
        return in_shares - apart + sum(files.values()) + self._shared.left_segments()

    def _shares(self, process: Process) -> _Shares | Missing | None:
        """A process's shares; None if it has ended since it was listed and holds nothing."""
        try:
            rollup = self._rollup(process)
        except (FileNotFoundError, ProcessLookupError):
            return None
        except OSError as error:
            return self._missing(f"PID {process.pid}: {error.strerror}")
        if not rollup.strip():
            return None  # on its way out, it has no memory map any more
        sizes = dict(_sizes(rollup, (*_COUNTED, _LAZILY_FREED)))
        if any(name not in sizes for name in _COUNTED):
            return self._missing(f"PID {process.pid}: this kernel gives no {_COUNTED[0]}")
        lazily_freed = min(sizes.get(_LAZILY_FREED, 0), sizes["Pss_Anon"])
        anonymous = sum(sizes[name] for name in _ANONYMOUS) - lazily_freed
        return _Shares(anonymous=anonymous, shared=sizes[_SHARED])

    def _rollup(self, process: Process) -> str:
        folder = self._proc / str(process.pid)
        rollup = _read(folder / "smaps_rollup")
        if rollup.strip():
            return rollup
        # A process whose first thread has ended shows its memory at the others only.
        for thread in sorted((folder / "task").iterdir()):
            try:
                rollup = _read(thread / "smaps_rollup")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if rollup.strip():
                return rollup
        return ""

    def _status(self, process: Process, names: Sequence[str]) -> dict[str, int]:
        return _fields(self._proc / str(process.pid) / "status", names)

    def _missing(self, why: str, instrument: str = INSTRUMENT) -> Missing:
        return Missing(device=DEVICE, instrument=instrument, missing=why)


def _part(process: Process, share: _Shares | Missing) -> ProcessMemory:
    size = share if isinstance(share, Missing) else share.anonymous + share.shared
    return ProcessMemory(
        device=DEVICE, pid=process.pid, name=process.name, owner=Owner.WORKLOAD, bytes=size
    )


def _fields(file: Path, names: Sequence[str]) -> dict[str, int]:
    try:
        return dict(_sizes(_read(file), names))
    except OSError:
        return {}


def _read(file: Path) -> str:
    return file.read_text("utf-8", "replace")


def _sizes(text: str, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    for line in text.split("\n"):  # not splitlines: see `kernel_lines`
        name, _, rest = line.partition(":")
        if name in names and rest.endswith(" kB"):
            yield name, int(rest.removesuffix(" kB")) * 1024
