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
from pathlib import Path
from typing import Final

from ops002.measurement import Process

FileKey = tuple[int, int]
"""Device and inode of a file in memory."""

_MAPPING_FIELDS: Final = 5  # proc(5), maps: address, permissions, offset, device, inode, [path]
_BLOCK: Final = 512  # stat(2): st_blocks is in units of 512 bytes
_SYSV_COLUMNS: Final = {"shmid": 1, "nattch": 6, "rss": 14, "swap": 15}  # proc(5), sysvipc/shm


class SharedMemory:
    """Files in memory and System V segments, against what there was before the workload."""

    def __init__(self, proc: Path, shm: Path, gate: int) -> None:
        """``gate`` is the PID from which the workload's processes descend."""
        self._proc = proc
        self._gate = str(gate)
        self._shm = shm
        self._devices = _memory_devices(shm)
        self._before = dict(self._named())
        self._segments_before = frozenset(self._segments())
        self._known: set[FileKey] = set()
        self._strangers: set[FileKey] = set()

    def files(self, processes: Sequence[Process]) -> dict[FileKey, int]:
        """Bytes of each file in memory that is new or has grown and is the workload's.

        The workload's are those that its processes have open, and those that are new under
        /dev/shm, unless a stranger mapped them, and nobody of the workload held them, when they
        were first seen. What nobody held then counts: a process that ended leaves files so.
        """
        sizes = dict(self._open_files(processes))
        named = {key: size for key, size in self._named() if key not in sizes}
        self._sort_out(named.keys() - self._before.keys())
        sizes.update({key: size for key, size in named.items() if key not in self._strangers})
        return {key: max(0, size - self._before.get(key, 0)) for key, size in sizes.items()}

    def left_segments(self) -> int:
        """Bytes of new System V segments to which no process is attached any more."""
        return sum(
            size
            for number, (attached, size) in self._segments().items()
            if attached == 0 and number not in self._segments_before
        )

    def mapped(self, process: Process, files: dict[FileKey, int]) -> int:
        """The part of a process's shares that lies in ``files``."""
        total, inside = 0, False
        for line in kernel_lines(self._proc / str(process.pid) / "smaps"):
            key = _mapping_of(line)
            if key is not None:
                inside = key in files
            elif inside and line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
        return total

    def _open_files(self, processes: Sequence[Process]) -> Iterator[tuple[FileKey, int]]:
        for process in processes:
            yield from self._open_in(self._proc / str(process.pid))

    def _open_in(self, process: Path) -> Iterator[tuple[FileKey, int]]:
        folder = process / "fd"
        try:
            names = os.listdir(folder)  # noqa: PTH208 (one string each, many times a second)
        except OSError:
            return  # gone; if it is another user's, its memory couldn't be read either
        for name in names:
            yield from _memory_file(folder / name, self._devices)

    def _named(self) -> Iterator[tuple[FileKey, int]]:
        for folder, _, names in os.walk(self._shm):
            for name in names:
                yield from _memory_file(Path(folder) / name, self._devices)

    def _sort_out(self, new: AbstractSet[FileKey]) -> None:
        """Say whose the files are that were never seen before."""
        unknown = new - self._known
        if not unknown:
            return
        self._known |= unknown
        ours: set[FileKey] = set()
        theirs: set[FileKey] = set()
        for folder in self._proc.iterdir():
            if not folder.name.isdigit():
                continue
            mapped = _mapped_files(folder / "maps")
            opened = {key for key, _ in self._open_in(folder)}
            if (mapped | opened) & unknown:
                if self._is_ours(folder):
                    ours |= mapped | opened
                else:
                    # Anybody may have a file open (a backup, an indexer): who maps it uses it.
                    theirs |= mapped
        self._strangers |= unknown & theirs - ours

    def _is_ours(self, process: Path) -> bool:
        """Whether a process descends from the gate: one that has just been forked, too."""
        while process.name not in {"0", self._gate}:
            try:
                text = (process / "stat").read_text("utf-8", "replace")
            except OSError:
                return True  # it has ended and can't be asked: what it held counts
            process = self._proc / text.rpartition(")")[2].split()[1]
        return process.name != "0"

    def _segments(self) -> dict[int, tuple[int, int]]:
        """Attached processes and resident bytes of each System V segment, by its number."""
        try:
            lines = kernel_lines(self._proc / "sysvipc" / "shm")[1:]
        except OSError:
            return {}  # a kernel without System V shared memory has none
        rows = [[int(field) for field in line.split()[:16]] for line in lines]
        column = _SYSV_COLUMNS
        return {
            row[column["shmid"]]: (
                row[column["nattch"]],
                row[column["rss"]] + row[column["swap"]],
            )
            for row in rows
        }


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


def _memory_file(path: Path, devices: frozenset[int]) -> Iterator[tuple[FileKey, int]]:
    try:
        status = os.stat(path)  # noqa: PTH116 (called for every descriptor, many times a second)
    except OSError:
        return  # closed or removed meanwhile
    if status.st_dev in devices and stat.S_ISREG(status.st_mode):
        yield (status.st_dev, status.st_ino), status.st_blocks * _BLOCK


def _mapped_files(maps: Path) -> frozenset[FileKey]:
    try:
        lines = kernel_lines(maps)
    except OSError:
        return frozenset()  # gone, or another user's: what that one maps isn't our workload's
    return frozenset(key for key in map(_mapping_of, lines) if key is not None)


def _mapping_of(line: str) -> FileKey | None:
    """Device and inode of a mapping's line in ``maps`` or ``smaps``; None for any other line."""
    fields = line.split(maxsplit=5)
    if len(fields) < _MAPPING_FIELDS or "-" not in fields[0] or ":" not in fields[3]:
        return None
    major, _, minor = fields[3].partition(":")
    return os.makedev(int(major, 16), int(minor, 16)), int(fields[4])
