"""Whose the files in memory are: real processes, the real /dev/shm."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ops002.probes.host_memory import HostMemory
from tests.probes.real import MIB, ask, read, running

IPC_RMID = 0
USER, OTHER = 54321, 54322
"""Two users that nobody is."""

gives_away = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")


def opens(segment: Path) -> str:
    """The code of a process that has a file of 20 MiB open, and can fill it."""
    return (
        "import os\n"
        f"f = open(os.open('{segment}', os.O_RDWR | os.O_CREAT), 'r+b'); f.truncate(20 << 20)\n"
        "def fill(): os.pwrite(f.fileno(), b'x' * (20 << 20), 0)\n"
    )


def maps(segment: Path) -> str:
    """The same of one that has it mapped, and not open: Python's own mmap keeps it open."""
    return (
        f"{opens(segment)}import ctypes\n"
        "kernel = ctypes.CDLL(None); kernel.mmap.restype = ctypes.c_void_p\n"
        "size = ctypes.c_size_t(20 << 20)\n"
        "m = kernel.mmap(None, size, 3, 1, f.fileno(), ctypes.c_long(0))\n"
        "f.close()\n"
        "def fill(): ctypes.memset(m, 120, 20 << 20)\n"
        "def touch(): ctypes.string_at(m, 20 << 20)\n"
    )


HELD = pytest.mark.parametrize("holds", [opens, maps])
Holds = Callable[[Path], str]


def becomes(user: int) -> str:
    """The code of a process that is a user from now on."""
    return f"import os\nos.setresuid({user}, {user}, {user})\n"


def fill(segment: Path, mib: int, owner: int | None = None) -> None:
    segment.write_bytes(b"x" * (mib * MIB))
    if owner is not None:
        os.chown(segment, owner, owner)


def test_a_new_segment_that_nobody_maps_counts_and_an_old_one_doesnt(segment: Path) -> None:
    probe = HostMemory(shm=segment.parent)
    fill(segment, 20)
    assert read(probe) == 20 * MIB
    assert read(HostMemory(shm=segment.parent)) == 0


@HELD
def test_a_segment_that_a_stranger_maps_or_writes_is_theirs(segment: Path, holds: Holds) -> None:
    with running("") as (gate, _):
        probe = HostMemory(shm=segment.parent, gate=gate.pid)  # nobody here descends from it
        with running(holds(segment) + "fill()") as (process, _):
            assert read(probe) == 0
            assert read(probe, process) >= 20 * MIB  # listed, it is none
        assert read(probe) == 0


def test_a_segment_that_a_stranger_only_reads_counts(segment: Path) -> None:
    with running("") as (gate, _):
        probe = HostMemory(shm=segment.parent, gate=gate.pid)
        fill(segment, 20)
        with running(f"f = open('{segment}', 'rb')"):
            assert read(probe) == 20 * MIB


@HELD
def test_a_segment_that_a_descendant_holds_counts_though_it_wasnt_listed_yet(
    segment: Path, holds: Holds
) -> None:
    probe = HostMemory(shm=segment.parent)
    with running(holds(segment) + "fill()"):
        assert read(probe) == 20 * MIB
    assert read(probe) == 20 * MIB


def test_what_descended_from_the_gate_before_the_probe_is_a_stranger(segment: Path) -> None:
    forks = (
        f"import os, signal\ndef hold(): exec({maps(segment)!r}, globals())\n"
        "def fork():\n  ready, told = os.pipe()\n  pid = os.fork()\n"
        "  if pid == 0: hold(); fill(); os.write(told, b'x'); signal.pause()\n"
        "  os.read(ready, 1); return pid\n"
    )
    with running(forks) as (bystander, popen):
        probe = HostMemory(shm=segment.parent)
        child = int(ask(popen, "fork()"))
        try:
            assert read(probe) == 0
        finally:
            os.kill(child, 9)
        segment.unlink()

        ask(popen, "hold()")
        ask(popen, "fill()")
        assert read(probe) == 0

        probe = HostMemory(shm=segment.parent)
        segment.unlink()
        fill(segment, 20)
        ask(popen, "hold()")
        assert read(probe, bystander) >= 20 * MIB  # listed, it is none, though it touches nothing


def test_a_file_in_memory_that_is_only_open_counts_once() -> None:
    opened = (
        "import mmap, os\nfd = os.memfd_create('x')\nos.write(fd, b'x' * (20 << 20))\n"
        "shown = mmap.mmap(fd, 20 << 20)\nsum(shown[n] for n in range(0, 20 << 20, 4096))"
    )
    with running("") as (bare, _), running(opened) as (process, _):
        probe = HostMemory()
        assert read(probe, process) - read(probe, bare) == pytest.approx(20 * MIB, abs=4 * MIB)


def test_private_copies_of_a_file_in_memory_count_beside_it() -> None:
    copies = (
        "import mmap, os\nsize = 4 << 20\nfd = os.memfd_create('x'); os.write(fd, b'x' * size)\n"
        "lock = mmap.mmap(-1, 4096); lock[0] = 1\n"  # shared with nobody, and in no file seen here
        "shown = mmap.mmap(fd, size, flags=mmap.MAP_PRIVATE)\n"
        "def copy():\n  for n in range(0, size, 4096): shown[n] = 1\n"
    )
    probe = HostMemory()
    with running(copies) as (process, popen):
        before = read(probe, process)
        ask(popen, "copy()")
        assert read(probe, process) - before == pytest.approx(4 * MIB, abs=1 * MIB)


def test_what_the_workload_had_open_first_counts_when_it_leaves_it_to_a_stranger(
    segment: Path,
) -> None:
    with running("") as (gate, _):
        probe = HostMemory(shm=segment.parent, gate=gate.pid)
        with running(opens(segment)) as (process, popen):
            ask(popen, "fill()")
            assert read(probe, process) >= 20 * MIB
            with running(opens(segment)):
                ask(popen, "f.close()")
                assert read(probe) == 20 * MIB


def test_an_older_segment_that_is_removed_hides_nothing(segment: Path) -> None:
    older = segment.with_name("older")
    fill(older, 5)
    probe = HostMemory(shm=segment.parent)
    fill(segment, 20)
    older.unlink()
    assert read(probe) == 20 * MIB


def test_a_segment_that_was_there_counts_by_its_growth(segment: Path) -> None:
    fill(segment, 5)
    probe = HostMemory(shm=segment.parent)
    fill(segment, 20)
    assert read(probe) == 15 * MIB


@HELD
def test_growth_of_a_strangers_older_segment_is_theirs(segment: Path, holds: Holds) -> None:
    fill(segment, 5)
    with (
        running("") as (gate, _),
        running("") as (bare, _),
        running(holds(segment)) as (_, stranger),
    ):
        probe = HostMemory(shm=segment.parent, gate=gate.pid)
        ask(stranger, "fill()")
        assert read(probe) == 0
        # Nor do the workload's shares in it.
        with running(f"{maps(segment)}touch()") as (process, _):
            assert read(probe, process) - read(probe, bare) < 4 * MIB


@HELD
def test_growth_of_an_older_segment_that_the_workload_holds_counts(
    segment: Path, holds: Holds
) -> None:
    fill(segment, 5)
    with running(maps(segment)):
        probe = HostMemory(shm=segment.parent)
        with running(holds(segment)) as (_, popen):
            ask(popen, "fill()")
            assert read(probe) == 15 * MIB


def test_growth_of_an_older_segment_that_a_stranger_only_reads_counts(segment: Path) -> None:
    fill(segment, 5)
    with running("") as (gate, _), running(f"f = open('{segment}', 'rb')"):
        probe = HostMemory(shm=segment.parent, gate=gate.pid)
        fill(segment, 20)
        assert read(probe) == 15 * MIB


@gives_away
def test_what_only_another_user_can_have_written_is_a_strangers(segment: Path) -> None:
    with running(becomes(USER)) as (gate, _):
        older = segment.with_name("older")
        fill(older, 5, OTHER)
        probe = HostMemory(shm=segment.parent, gate=gate.pid)
        fill(segment, 20, OTHER)
        fill(older, 10)
        assert read(probe) == 0
        older.unlink()
        segment.chmod(0o622)
        assert read(probe) == 20 * MIB
        segment.chmod(0o600)
        os.chown(segment, USER, USER)
        assert read(probe) == 20 * MIB


@gives_away
def test_what_another_user_owns_counts_while_the_workload_maps_it(segment: Path) -> None:
    with running(becomes(USER)) as (gate, _):
        probe = HostMemory(shm=segment.parent, gate=gate.pid)
        with running(f"{maps(segment)}fill()\n{becomes(USER)}") as (process, _):
            os.chown(segment, OTHER, OTHER)
            assert read(probe, process) >= 20 * MIB
            assert read(probe) == 20 * MIB


@gives_away
def test_a_user_that_the_workload_was_seen_to_be_is_no_stranger(segment: Path) -> None:
    with running(becomes(USER)) as (gate, _):
        probe = HostMemory(shm=segment.parent, gate=gate.pid)
        fill(segment, 20, OTHER)
        with running(becomes(OTHER)) as (process, _):
            assert read(probe) == 0  # not the gate's
            read(probe, process)
        assert read(probe) == 20 * MIB


@gives_away
@pytest.mark.parametrize(("mode", "size"), [(0o644, 0), (0o666, 20 * MIB)])
def test_a_system_v_segment_that_only_another_user_may_write_is_a_strangers(
    segment: Path, mode: int, size: int
) -> None:
    kernel = ctypes.CDLL(None)
    code = (
        "kernel = ctypes.CDLL(None); kernel.shmat.restype = ctypes.c_void_p\n"
        f"number = kernel.shmget(0, 20 << 20, {mode})\n"
        "at = ctypes.c_void_p(kernel.shmat(number, None, 0))\n"
        "ctypes.memset(at, 120, 20 << 20); kernel.shmdt(at)\n"
    )
    with running(becomes(USER)) as (gate, _):
        probe = HostMemory(shm=segment.parent, gate=gate.pid)
        with running("import ctypes\n" + becomes(OTHER) + code) as (_, stranger):
            number = int(ask(stranger, "number"))
            try:
                assert read(probe) == size
            finally:
                kernel.shmctl(number, IPC_RMID, None)


@gives_away
def test_a_workload_that_is_root_may_be_any_user(segment: Path) -> None:
    probe = HostMemory(shm=segment.parent)
    fill(segment, 20, OTHER)
    assert read(probe) == 20 * MIB


@gives_away
def test_a_gate_that_may_not_look_into_a_strangers_process_goes_by_the_owner(
    segment: Path,
) -> None:
    gate_code = (
        "import pathlib\nfrom ops002.probes.host_memory import HostMemory\n"
        f"{becomes(USER)}\nshm = pathlib.Path('{segment.parent}')\nprobe = HostMemory(shm=shm)\n"
    )
    holding = f"{maps(segment)}fill()\nos.chown('{segment}', {OTHER}, {OTHER})\n"
    with running(gate_code) as (_, gate), running(holding + becomes(OTHER)) as (stranger, _):
        assert ask(gate, f"os.access('/proc/{stranger.pid}/fd', os.R_OK)") == "False"
        assert ask(gate, "probe.read([]).readings[0].bytes") == "0"
