"""Whose the files in memory are: real files, a table of processes, whoever runs the tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from ops002.measurement import Process
from ops002.probes.shared_memory import SharedMemory
from tests.probes.table import become, put, table

GATE, CHILD, STRANGER = 10, 20, 30
LISTED = (Process(pid=CHILD, started=0, name="x", command="x"),)
ME = os.geteuid()
NOT_ME = ME + 54321
SIZE = 64 << 10
READS, WRITES = 0o100000, 0o100002  # proc(5), fdinfo: O_RDONLY and O_RDWR, with O_LARGEFILE


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A gate that isn't the user who runs these tests, with a child that is, and a stranger."""
    put(table(tmp_path), GATE, 1, 100)
    put(tmp_path, STRANGER, 1, 101)
    become(tmp_path, GATE, NOT_ME)
    become(tmp_path, CHILD, ME or NOT_ME)  # root would be everybody
    return tmp_path


@pytest.fixture
def shared(proc: Path, segment: Path) -> SharedMemory:
    shared = SharedMemory(proc, segment.parent, GATE)
    put(proc, CHILD, GATE, 300)
    return shared


def fill(segment: Path, mode: int) -> None:
    segment.write_bytes(b"x" * SIZE)
    segment.chmod(mode)


def hold(proc: Path, pid: int, segment: Path, flags: int) -> None:
    """The process has the file open."""
    for name in ("fd", "fdinfo"):
        (proc / str(pid) / name).mkdir()
    (proc / str(pid) / "fd" / "3").symlink_to(segment)
    (proc / str(pid) / "fdinfo" / "3").write_text(f"pos:\t0\nflags:\t0{flags:o}\nmnt_id:\t9\n")


def close(proc: Path, pid: int) -> None:
    (proc / str(pid) / "fd" / "3").unlink()


def map_in(proc: Path, pid: int, segment: Path) -> None:
    """The process has the file mapped."""
    status = segment.stat()
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    mapping = f"7f00-7f10 rw-s 0000 {device} {status.st_ino}    {segment}\n"
    (proc / str(pid) / "maps").write_text(mapping)


@pytest.mark.parametrize(("mode", "size"), [(0o600, 0), (0o644, 0), (0o620, SIZE), (0o602, SIZE)])
def test_what_only_another_user_can_have_written_is_a_strangers(
    shared: SharedMemory, segment: Path, mode: int, size: int
) -> None:
    fill(segment, mode)

    assert sum(shared.files(()).values()) == size


def test_what_the_gates_user_can_have_written_counts(proc: Path, segment: Path) -> None:
    become(proc, GATE, ME)
    shared = SharedMemory(proc, segment.parent, GATE)
    fill(segment, 0o600)

    assert sum(shared.files(()).values()) == SIZE


@pytest.mark.skipif(ME == 0, reason="a workload that was root may be anybody")
def test_a_user_that_the_workload_turns_out_to_be_is_no_stranger(
    shared: SharedMemory, segment: Path
) -> None:
    fill(segment, 0o600)
    assert not any(shared.files(()).values())

    assert sum(shared.files(LISTED).values()) == SIZE
    assert sum(shared.files(()).values()) == SIZE


@pytest.mark.parametrize("processes", [(), LISTED])
def test_what_another_user_owns_counts_if_the_workload_held_it_first(
    proc: Path, shared: SharedMemory, segment: Path, processes: Sequence[Process]
) -> None:
    become(proc, CHILD, NOT_ME)
    fill(segment, 0o600)
    hold(proc, CHILD, segment, READS)
    hold(proc, STRANGER, segment, WRITES)

    assert sum(shared.files(processes).values()) == SIZE
    close(proc, CHILD)
    assert sum(shared.files(()).values()) == SIZE


@pytest.mark.parametrize(("flags", "size"), [(READS, SIZE), (WRITES, 0)])
def test_what_a_stranger_has_open_is_theirs_if_they_can_write_it(
    proc: Path, shared: SharedMemory, segment: Path, flags: int, size: int
) -> None:
    fill(segment, 0o666)
    hold(proc, STRANGER, segment, flags)

    assert sum(shared.files(()).values()) == size
    close(proc, STRANGER)
    assert sum(shared.files(()).values()) == size


def test_a_strangers_file_counts_only_while_the_workload_has_it_open(
    proc: Path, shared: SharedMemory, segment: Path
) -> None:
    fill(segment, 0o666)
    hold(proc, STRANGER, segment, WRITES)
    assert not any(shared.files(()).values())

    hold(proc, CHILD, segment, READS)
    assert sum(shared.files(LISTED).values()) == SIZE
    close(proc, CHILD)
    assert not any(shared.files(LISTED).values())


@pytest.mark.parametrize(("pid", "size"), [(CHILD, SIZE), (STRANGER, 0)])
def test_a_file_is_whose_mapping_it_is(
    proc: Path, shared: SharedMemory, segment: Path, pid: int, size: int
) -> None:
    fill(segment, 0o666)
    map_in(proc, pid, segment)

    assert sum(shared.files(()).values()) == size


@pytest.mark.parametrize(
    ("row", "size"),
    [
        (f"600 99 1 1 0 {ME} 0 {ME}", 0),
        (f"644 99 1 1 0 {ME} 0 {ME}", 0),
        (f"666 99 1 1 0 {ME} 0 {ME}", 12),
        (f"600 99 1 1 0 {ME} 0 {NOT_ME}", 12),  # its creator may write it, too
        (f"666 99 1 1 1 {ME} 0 {ME}", 0),  # attached: it is in somebody's shares
    ],
)
def test_a_left_system_v_segment_counts_if_the_workload_can_have_written_it(
    proc: Path, shared: SharedMemory, row: str, size: int
) -> None:
    (proc / "sysvipc").mkdir()
    (proc / "sysvipc" / "shm").write_text(
        "key shmid perms size cpid lpid nattch uid gid cuid cgid atime dtime ctime rss swap\n"
        f"0 5 {row} 0 0 0 0 8 4\n"
    )

    assert shared.left_segments() == size
