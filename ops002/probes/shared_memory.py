"""Shared memory that a workload holds, whether or not its processes have touched it.

A process's shares count only pages that it has faulted in itself. A segment that a child filled and
then handed over, a memfd that is open and not mapped, a segment that a dead process left behind:
all of them are memory that is gone, and in nobody's shares.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops002.measurement import Process
from ops002.probes.workload_tree import WorkloadTree
from ops002.process_table import everybody

FileKey = tuple[int, int]
"""Device and inode of a file in memory."""

_MAPPING_FIELDS: Final = 5  # proc(5), maps: address, permissions, offset, device, inode, [path]
_BLOCK: Final = 512  # stat(2): st_blocks is in units of 512 bytes
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
# proc(5), sysvipc/shm: the places of its columns
_SHMID, _PERMS, _NATTCH, _UID, _CUID, _RSS, _SWAP = 1, 2, 6, 7, 9, 14, 15


@dataclass(frozen=True, slots=True)
class _MemoryFile:
    """A file in memory or a System V segment.

    ``writer`` is the user who alone may write it (root may, too); None if others may.
    """

    bytes: int
    writer: int | None


class SharedMemory:
    """Files in memory and System V segments, against what there was before the workload."""

    def __init__(self, proc: Path, shm: Path, gate: int) -> None:
        """``gate`` is the PID from which the workload's processes will descend."""
        self._proc = proc
        self._shm = shm
        self._devices = _memory_devices(shm)
        self._workload = WorkloadTree(proc, gate)
        self._before = {key: file.bytes for key, file in self._named()}
        self._segments_before = frozenset(number for number, _, _ in self._segments())
        self._known: set[FileKey] = set()
        self._held: set[FileKey] = set()
        self._strangers: set[FileKey] = set()

    def files(self, processes: Sequence[Process]) -> dict[FileKey, int]:
        """Bytes of each file in memory that is new or has grown and is the workload's.

        The workload's are those that its processes have open, and those under /dev/shm, unless
        they were a stranger's when they were first seen to be new or to have grown: held by nobody
        of the workload, and mapped or open for writing by somebody else, or for none of the
        workload's users to write. What nobody held then counts: a process that ended leaves files
        so. An older file of a stranger's is 0, so that no share in it counts.
        """
        self._workload.see(processes)
        opened = dict(self._open_files(processes))
        named = dict(self._named())
        new = {key for key, file in named.items() if self._growth(key, file)}
        self._sort_out(new, opened.keys())
        growth = {key: self._growth(key, file) for key, file in opened.items()}
        for key, file in named.items():
            if key in opened:
                continue
            if self._is_ours(key, file):
                growth[key] = self._growth(key, file)
            elif key in self._before:
                growth[key] = 0
        return growth

    def left_segments(self) -> int:
        """Bytes of new System V segments to which no process is attached any more."""
        return sum(
            segment.bytes
            for number, attached, segment in self._segments()
            if attached == 0
            and number not in self._segments_before
            and self._may_have_written(segment)
        )

    def mapped(self, process: Process, files: dict[FileKey, int]) -> int:
        """The part of a process's shares that lies in ``files``, without private copies of pages.

        How much of a mapping's share is copies isn't told, only how many copies there are. After
        a fork those are shared: this is too little then, and the reading too much.
        """
        total, share, inside = 0, 0, False
        for line in kernel_lines(self._proc / str(process.pid) / "smaps"):
            key = _mapping_of(line)
            if key is not None:
                inside = key in files
            elif inside and line.startswith("Pss:"):
                share = int(line.split()[1])
            elif inside and line.startswith("Anonymous:"):
                total += max(0, share - int(line.split()[1])) * 1024
        return total

    def _growth(self, key: FileKey, file: _MemoryFile) -> int:
        return max(0, file.bytes - self._before.get(key, 0))

    def _is_ours(self, key: FileKey, file: _MemoryFile) -> bool:
        if key in self._held:
            return True
        if key in self._strangers:
            return False
        return self._may_have_written(file)

    def _may_have_written(self, file: _MemoryFile) -> bool:
        # Asked at every reading: the workload may turn out to be that user later.
        return file.writer is None or self._workload.may_be(file.writer)

    def _open_files(self, processes: Sequence[Process]) -> Iterator[tuple[FileKey, _MemoryFile]]:
        for process in processes:
            for descriptor in _descriptors(self._proc / str(process.pid)):
                yield from _memory_file(descriptor, self._devices)

    def _named(self) -> Iterator[tuple[FileKey, _MemoryFile]]:
        for folder, _, names in os.walk(self._shm):
            for name in names:
                yield from _memory_file(Path(folder) / name, self._devices)

    def _sort_out(self, new: AbstractSet[FileKey], ours: AbstractSet[FileKey]) -> None:
        """Say who held the files that were never seen to be new, or to have grown, before.

        ``ours`` are those that processes of the workload have open: of those nobody else is asked.
        """
        self._held |= (new & ours) - self._known
        unknown = new - ours - self._known
        self._known |= new
        if not unknown:
            return
        for pid in everybody(self._proc):
            folder = self._proc / str(pid)
            mapped = _mapped_files(folder / "maps") & unknown
            opened = {
                descriptor: key
                for descriptor in _descriptors(folder)
                for key, _ in _memory_file(descriptor, self._devices)
                if key in unknown
            }
            if not mapped and not opened:
                continue
            if self._workload.has(pid):
                self._held |= mapped.union(opened.values())
            else:
                # Anybody may read a file (a backup, an indexer): that doesn't make it theirs.
                written = {key for descriptor, key in opened.items() if _writes(descriptor)}
                self._strangers |= mapped | written

    def _segments(self) -> Iterator[tuple[int, int, _MemoryFile]]:
        """Number, attached processes and resident bytes of each System V segment."""
        try:
            lines = kernel_lines(self._proc / "sysvipc" / "shm")[1:]
        except OSError:
            return  # a kernel without System V shared memory has none
        for row in map(str.split, lines):
            # Its creator keeps the owner's rights when it is given to another.
            shared = row[_UID] != row[_CUID] or int(row[_PERMS], 8) & _OTHERS_WRITE
            size = int(row[_RSS]) + int(row[_SWAP])
            segment = _MemoryFile(size, None if shared else int(row[_UID]))
            yield int(row[_SHMID]), int(row[_NATTCH]), segment


def kernel_lines(file: Path) -> list[str]:
    """The lines of a file of the kernel's, as the kernel ends them.

    It escapes newlines in names, but not what else text is split at: a process or a file with a
    form feed in its name would write lines of its own.
    """
    return file.read_text("utf-8", "replace").removesuffix("\n").split("\n")


def _memory_devices(shm: Path) -> frozenset[int]:
    """The device numbers under which files in memory appear: /dev/shm's and memfd's."""
    handle = os.memfd_create("ops002")
    try:
        devices = {os.fstat(handle).st_dev}
    finally:
        os.close(handle)
    if shm.is_dir():
        devices.add(shm.stat().st_dev)
    return frozenset(devices)


def _descriptors(process: Path) -> Iterator[Path]:
    folder = process / "fd"
    try:
        names = os.listdir(folder)  # noqa: PTH208 (one string each, many times a second)
    except OSError:
        return  # gone; if it is another user's, its memory couldn't be read either
    for name in names:
        yield folder / name


def _writes(descriptor: Path) -> bool:
    """Whether a process's descriptor is open for writing; False if it is closed by now."""
    try:
        lines = kernel_lines(descriptor.parent.parent / "fdinfo" / descriptor.name)
    except OSError:
        return False
    flags = [int(line.split()[1], 8) for line in lines if line.startswith("flags:")]
    return any(flag & os.O_ACCMODE != os.O_RDONLY for flag in flags)


def _memory_file(path: Path, devices: frozenset[int]) -> Iterator[tuple[FileKey, _MemoryFile]]:
    try:
        status = os.stat(path)  # noqa: PTH116 (called for every descriptor, many times a second)
    except OSError:
        return  # closed or removed meanwhile
    if status.st_dev in devices and stat.S_ISREG(status.st_mode):
        # An access list that lets others write shows in the group's bits (acl(5)).
        shared = status.st_mode & _OTHERS_WRITE
        file = _MemoryFile(status.st_blocks * _BLOCK, None if shared else status.st_uid)
        yield (status.st_dev, status.st_ino), file


def _mapped_files(maps: Path) -> frozenset[FileKey]:
    try:
        lines = kernel_lines(maps)
    except OSError:
        return frozenset()  # gone, or another user's: the owner says whose its files are
    return frozenset(key for key in map(_mapping_of, lines) if key is not None)


def _mapping_of(line: str) -> FileKey | None:
    """Device and inode of a mapping's line in ``maps`` or ``smaps``; None for any other line."""
    fields = line.split(maxsplit=5)
    if len(fields) < _MAPPING_FIELDS or "-" not in fields[0] or ":" not in fields[3]:
        return None
    major, _, minor = fields[3].partition(":")
    return os.makedev(int(major, 16), int(minor, 16)), int(fields[4])
