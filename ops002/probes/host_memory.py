"""Memory of a process tree on the host: what a CPU workload's "device memory" is.

The reading is Pss_Anon + SwapPss + Pss_Shmem over the tree (proc(5), ``smaps_rollup``), plus shared
memory segments that appeared since the start and that no process maps. Shares make it right for
forked processes: unique set size jumps by a parent's whole size when its child ends, and misses
shared tensors. File pages never count: the kernel takes them back when it likes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ops002.measurement import JudgedDevice, Missing, Process, ProcessMemory, Reading

DEVICE: Final = "cpu"
INSTRUMENT: Final = "pss-anon-shmem"
PEAK_INSTRUMENT: Final = "rss-peak"

_COUNTED: Final = ("Pss_Anon:", "SwapPss:", "Pss_Shmem:")
_PEAK_FIELDS: Final = ("VmHWM:", "RssFile:")
_RESET_PEAK: Final = "5"  # proc(5), clear_refs: reset the peak resident set size
_SHM: Final = Path("/dev/shm")  # noqa: S108 (its size is read; nothing is put there)
_BLOCK: Final = 512  # stat(2): st_blocks is in units of 512 bytes
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class HostMemory:
    """Reads the host memory of a workload's processes."""

    def __init__(self, proc: Path = Path("/proc"), shm: Path = _SHM) -> None:
        self._proc = proc
        self._shm = shm
        self._segments_before = frozenset(self._segments())

    @property
    def judged(self) -> JudgedDevice:
        """The host as a device, by proportional shares."""
        return JudgedDevice(device=DEVICE, instrument=INSTRUMENT)

    def read(
        self, processes: Sequence[Process]
    ) -> tuple[Reading | Missing, tuple[ProcessMemory, ...]]:
        """The tree's memory in bytes; `Missing` if any of its processes can't be read."""
        parts = tuple(part for process in processes for part in self._part(process))
        for part in parts:
            if isinstance(part.bytes, Missing):
                return part.bytes, parts
        total = sum(part.bytes for part in parts if isinstance(part.bytes, int))
        try:
            total += self._unmapped_segments()
        except OSError as error:
            return self._missing(f"shared memory: {error.strerror}"), parts
        return Reading(device=DEVICE, instrument=INSTRUMENT, bytes=total), parts

    def poll(self, processes: Sequence[Process]) -> int:
        """Resident pages that no file backs, without shares: rises with the reading."""
        total = 0
        for process in processes:
            try:
                fields = (self._proc / str(process.pid) / "statm").read_bytes().split()
            except OSError:
                continue
            total += (int(fields[1]) - int(fields[2])) * _PAGE
        return total

    def reset_peak(self, process: Process) -> None:
        """Start the kernel's high-water mark of a process anew."""
        try:
            (self._proc / str(process.pid) / "clear_refs").write_text(_RESET_PEAK)
        except OSError:
            # Then the mark still holds an older peak: `read_peak` is compared with its own first
            # reading, so that an old peak only makes the stake look smaller.
            return

    def read_peak(self, process: Process) -> Reading | Missing:
        """The most that was ever resident in a process, less the file pages it has now."""
        try:
            status = (self._proc / str(process.pid) / "status").read_text("utf-8", "replace")
        except OSError as error:
            return self._missing(f"PID {process.pid}: {error.strerror}", PEAK_INSTRUMENT)
        sizes = dict(_sizes(status, _PEAK_FIELDS))
        if len(sizes) < len(_PEAK_FIELDS):
            return self._missing(f"PID {process.pid} has no memory left", PEAK_INSTRUMENT)
        return Reading(
            device=DEVICE,
            instrument=PEAK_INSTRUMENT,
            bytes=max(0, sizes["VmHWM:"] - sizes["RssFile:"]),
        )

    def _part(self, process: Process) -> Iterator[ProcessMemory]:
        try:
            rollup = (self._proc / str(process.pid) / "smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return  # it ended between the listing and this line: it holds nothing any more
        except OSError as error:
            size: int | Missing = self._missing(f"PID {process.pid}: {error.strerror}")
        else:
            sizes = dict(_sizes(rollup, _COUNTED))
            if len(sizes) == len(_COUNTED):
                size = sum(sizes.values())
            elif not rollup.strip():
                return  # a process on its way out has no memory map
            else:
                size = self._missing(f"PID {process.pid}: this kernel gives no {_COUNTED[0]}")
        yield ProcessMemory(pid=process.pid, name=process.name, bytes=size)

    def _missing(self, why: str, instrument: str = INSTRUMENT) -> Missing:
        return Missing(device=DEVICE, instrument=instrument, missing=why)

    def _segments(self) -> dict[int, int]:
        """Bytes of each shared-memory file by inode."""
        sizes: dict[int, int] = {}
        if not self._shm.is_dir():
            return sizes
        for folder, _, files in os.walk(self._shm):
            for name in files:
                try:
                    status = (Path(folder) / name).lstat()
                except FileNotFoundError:
                    continue
                sizes[status.st_ino] = status.st_blocks * _BLOCK
        return sizes

    def _unmapped_segments(self) -> int:
        fresh = {
            inode: size
            for inode, size in self._segments().items()
            if inode not in self._segments_before
        }
        if not fresh:
            return 0
        # Mapped by the tree: it is in the tree's shares. Mapped by others: it is theirs.
        mapped = self._mapped_inodes()
        return sum(size for inode, size in fresh.items() if inode not in mapped)

    def _mapped_inodes(self) -> frozenset[int]:
        inodes: set[int] = set()
        for folder in self._proc.iterdir():
            if folder.name.isdigit():
                inodes.update(_shm_inodes(folder / "maps", str(self._shm)))
        return frozenset(inodes)


def _sizes(text: str, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if f"{name}:" in names and rest.endswith(" kB"):
            yield f"{name}:", int(rest.removesuffix(" kB")) * 1024


def _shm_inodes(maps: Path, shm: str) -> Iterator[int]:
    try:
        lines = maps.read_text("utf-8", "replace").splitlines()
    except OSError:
        return  # gone, or another user's: what that one maps can't be our workload's
    for line in lines:
        if shm in line:
            yield int(line.split(maxsplit=5)[4])
