"""Host memory of real processes, and of a process table that can't be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ops002.measurement import Missing, Process, Reading
from ops002.probes.host_memory import HostMemory
from ops002.processes import describe
from tests.probes.real import MIB, read, running
from tests.probes.table import table


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


def test_a_poll_rises_with_the_processes_pages_and_the_machines_shared_memory(
    tmp_path: Path,
) -> None:
    def sizes(anonymous: int, shared: int) -> None:
        (tmp_path / "7" / "status").write_text(
            f"VmRSS:\t99 kB\nRssAnon:\t{anonymous} kB\nRssFile:\t9 kB\nRssShmem:\t1 kB\n"
        )
        (tmp_path / "meminfo").write_text(
            f"MemTotal:  999 kB\nShmem:  {shared} kB\nShmemHugePages:  9 kB\n"
        )

    probe = HostMemory(proc=table(tmp_path))
    (tmp_path / "7").mkdir()
    process = Process(pid=7, started=0, name="x", command="x")
    sizes(100, 500)
    before = probe.poll((process,))
    sizes(120, 500)
    assert probe.poll((process,)) - before == 20 * 1024
    sizes(120, 800)
    assert probe.poll((process,)) - before == 320 * 1024


def test_the_machines_shared_memory_has_a_file_that_nobody_maps() -> None:
    held = "import os\nf = os.memfd_create('batch')\nos.write(f, b'x' * (4 << 20))"
    with running(held):
        assert HostMemory().poll(()) >= 4 * MIB


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

    look = HostMemory(proc=table(tmp_path)).read(both)
    (reading,), parts = look.readings, look.processes

    assert isinstance(reading, Missing)
    assert "PID 7" in reading.missing
    assert [part.pid for part in parts] == [8, 7]


def test_a_kernel_without_the_figures_is_missing_not_zero(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "smaps_rollup").write_text("00-ff ---p [rollup]\nRss: 4 kB\nPss: 4 kB\n")

    process = Process(pid=7, started=0, name="x", command="x")
    (reading,) = HostMemory(proc=table(tmp_path)).read([process]).readings

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


def test_lazily_freed_pages_dont_count() -> None:
    freed = (
        "import mmap\nm = mmap.mmap(-1, 100 << 20, flags=mmap.MAP_PRIVATE)\n"
        "m.write(b'x' * (100 << 20))\nm.madvise(8)"
    )
    with running(freed) as (process, _):
        assert read(HostMemory(), process) < 50 * MIB
