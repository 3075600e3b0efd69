"""Host memory of real processes, and of a process table that can't be read."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops002.measurement import Missing, Process, Reading
from ops002.probes.host_memory import HostMemory
from ops002.processes import describe

MIB = 1 << 20


@contextmanager
def running(code: str) -> Iterator[tuple[Process, subprocess.Popen[str]]]:
    """A process that has run the code, said so, and waits."""
    with subprocess.Popen(
        [sys.executable, "-c", f"{code}\nprint('ready', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as popen:
        assert popen.stdout is not None
        assert popen.stdout.readline() == "ready\n"
        process = describe(popen.pid)
        assert process is not None
        yield process, popen
        popen.kill()


def read(probe: HostMemory, *processes: Process) -> int:
    reading, _ = probe.read(processes)
    assert isinstance(reading, Reading)
    return reading.bytes


def test_private_memory_counts_and_file_pages_dont() -> None:
    with running("x = b'x' * (100 << 20)") as (process, _):
        assert read(HostMemory(), process) == pytest.approx(105 * MIB, abs=10 * MIB)


def test_memory_shared_by_a_fork_counts_once() -> None:
    forked = "import os, signal\nx = b'x' * (100 << 20)\nif os.fork() == 0:\n    signal.pause()\n"
    with running(forked) as (process, _):
        child = describe(int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()))
        assert child is not None
        try:
            both = read(HostMemory(), process, child)
        finally:
            os.kill(child.pid, 9)
        assert both == pytest.approx(110 * MIB, abs=15 * MIB)


def test_a_poll_rises_with_a_file_in_memory_that_nobody_maps() -> None:
    held = "import os\nf = os.memfd_create('batch')\ninput()\nos.write(f, b'x' * (300 << 20))"
    code = f"print('ready', flush=True)\n{held}"
    with running(code) as (process, popen):
        probe = HostMemory()
        before = probe.poll((process,))
        assert popen.stdin is not None
        assert popen.stdout is not None
        popen.stdin.write("\n")
        popen.stdin.flush()
        assert popen.stdout.readline() == "ready\n"
        # Half of it at least: others' shared memory may shrink meanwhile.
        assert probe.poll((process,)) - before > 150 * MIB


def test_a_new_segment_that_nobody_maps_counts_and_an_old_one_doesnt() -> None:
    segment = Path(f"/dev/shm/ops002-corpus-test-{os.getpid()}")
    probe = HostMemory()
    try:
        segment.write_bytes(b"x" * (20 * MIB))
        assert read(probe) == 20 * MIB
        assert read(HostMemory()) == 0
    finally:
        segment.unlink()


HELD = pytest.mark.parametrize(
    "then",
    ["m = mmap.mmap(f.fileno(), 20 << 20); f.close()", "pass"],
    ids=["mapped and closed", "open and not mapped"],
)


def held_segment(then: str) -> tuple[Path, str]:
    """A new file under /dev/shm, and the code of a process that fills and holds it."""
    segment = Path(f"/dev/shm/ops002-corpus-test-{os.getpid()}")
    code = f"import mmap\nf = open('{segment}', 'w+b'); f.write(b'x' * (20 << 20)); f.flush()\n"
    return segment, code + then


def test_a_segment_that_a_stranger_maps_is_theirs() -> None:
    segment, code = held_segment("m = mmap.mmap(f.fileno(), 20 << 20); f.close()")
    with running("") as (gate, _):
        probe = HostMemory(gate=gate.pid)  # nobody here descends from it
        try:
            with running(code) as (process, _):
                assert read(probe) == 0
                assert read(probe, process) >= 20 * MIB
            assert read(probe) == 0
        finally:
            segment.unlink()


def test_a_segment_that_a_stranger_only_has_open_counts() -> None:
    segment, code = held_segment("pass")
    with running("") as (gate, _):
        probe = HostMemory(gate=gate.pid)
        try:
            with running(code):
                assert read(probe) == 20 * MIB
        finally:
            segment.unlink()


@HELD
def test_a_segment_that_a_descendant_holds_counts_though_it_wasnt_listed_yet(then: str) -> None:
    segment, code = held_segment(then)
    probe = HostMemory()
    try:
        with running(code):
            assert read(probe) == 20 * MIB
        assert read(probe) == 20 * MIB
    finally:
        segment.unlink()


def test_a_process_that_ended_holds_nothing() -> None:
    with running("") as (process, popen):
        popen.kill()
        popen.wait()
        assert read(HostMemory(), process) == 0


def test_a_process_that_cant_be_read_makes_the_whole_reading_missing(tmp_path: Path) -> None:
    # Reading a folder fails for everybody, root included.
    (tmp_path / "7" / "smaps_rollup").mkdir(parents=True)
    readable = tmp_path / "8"
    readable.mkdir()
    (readable / "smaps_rollup").write_text("Pss_Anon: 4 kB\nSwapPss: 0 kB\nPss_Shmem: 0 kB\n")
    both = [Process(pid=pid, started=0, name="x", command="x") for pid in (8, 7)]

    reading, parts = HostMemory(proc=tmp_path).read(both)

    assert isinstance(reading, Missing)
    assert "PID 7" in reading.missing
    assert [part.pid for part in parts] == [8, 7]


def test_a_kernel_without_the_figures_is_missing_not_zero(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "smaps_rollup").write_text("00-ff ---p [rollup]\nRss: 4 kB\nPss: 4 kB\n")

    reading, _ = HostMemory(proc=tmp_path).read([Process(pid=7, started=0, name="x", command="x")])

    assert isinstance(reading, Missing)


def test_the_peak_is_the_kernels_and_can_be_started_anew() -> None:
    probe = HostMemory()
    with running("x = b'x' * (100 << 20); del x") as (process, _):
        before = probe.read_peak(process)
        probe.reset_peak(process)
        after = probe.read_peak(process)

    assert isinstance(before, Reading)
    assert isinstance(after, Reading)
    assert before.bytes - after.bytes >= 90 * MIB


def test_a_file_in_memory_that_is_only_open_counts_once() -> None:
    opened = (
        "import mmap, os\nfd = os.memfd_create('x')\nos.write(fd, b'x' * (20 << 20))\n"
        "shown = mmap.mmap(fd, 20 << 20)\nsum(shown[n] for n in range(0, 20 << 20, 4096))"
    )
    with running("") as (bare, _), running(opened) as (process, _):
        probe = HostMemory()
        assert read(probe, process) - read(probe, bare) == pytest.approx(20 * MIB, abs=4 * MIB)


def test_a_segment_that_was_there_counts_by_its_growth() -> None:
    segment = Path(f"/dev/shm/ops002-corpus-test-{os.getpid()}")
    try:
        segment.write_bytes(b"x" * (5 * MIB))
        probe = HostMemory()
        segment.write_bytes(b"x" * (20 * MIB))
        assert read(probe) == 15 * MIB
    finally:
        segment.unlink()


def test_lazily_freed_pages_dont_count() -> None:
    freed = (
        "import mmap\nm = mmap.mmap(-1, 100 << 20, flags=mmap.MAP_PRIVATE)\n"
        "m.write(b'x' * (100 << 20))\nm.madvise(8)"
    )
    with running(freed) as (process, _):
        assert read(HostMemory(), process) < 50 * MIB
