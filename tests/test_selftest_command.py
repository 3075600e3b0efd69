"""``ops002 selftest`` for real: on this machine every planted leak is found, and nothing stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import psutil
import pytest

from ops002.commands.selftest import selftest
from ops002.selftest import PLANTED
from tests.command_line import Ended, command, environment, ops002

# The command with other workloads than its own.
DRIVER = """
import os, sys
from dataclasses import replace
from ops002.commands.selftest import selftest
from ops002.selftest import PLANTED
named = {{planted.name: planted for planted in PLANTED}}
sys.exit(selftest("cpu", os.environ, sys.stdout, sys.stderr, [{due}]))
"""

BROKEN = "replace(named['stored exception'], file='no_such')"


def driver(due: str) -> list[str]:
    """The argument vector of a self-test of these workloads: an expression over ``named``."""
    return [sys.executable, "-c", DRIVER.format(due=due)]


class Running:
    """A self-test under way; its temporary folder tells it from any other on the machine."""

    def __init__(self, argv: list[str], folder: Path) -> None:
        self._folder = folder
        self.process = subprocess.Popen(
            argv,
            env=environment(TMPDIR=str(folder)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> Ended:
        """Wait for its end, and see that nothing stays: no process, segment or file."""
        out, err = self.process.communicate(timeout=120)
        assert self.processes() == []
        assert self.segments() == []
        assert list(self._folder.iterdir()) == []
        return Ended(self.process.returncode, out, err)

    def wait_until(self, holds: Callable[[], object]) -> None:
        """Wait for a moment of it."""
        deadline = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < deadline, "waited in vain"
            assert self.process.poll() is None, "it has ended"
            time.sleep(0.02)

    def segments(self) -> list[Path]:
        """What it has planted under /dev/shm."""
        return list(Path("/dev/shm").glob(f"ops002-selftest-{self.process.pid}-*"))

    def processes(self) -> list[str]:
        """Command lines of its processes."""
        return [
            " ".join(process.info["cmdline"] or ())
            for process in psutil.process_iter(["cmdline", "environ"])
            if (process.info["environ"] or {}).get("TMPDIR") == str(self._folder)
        ]


def test_this_machine_is_fit(tmp_path: Path) -> None:
    ended = Running(command("selftest"), tmp_path).end()

    assert ended.code == 0, ended.out
    titles, *rows, verdict = ended.out.splitlines()
    assert titles.startswith("planted")
    assert [row.endswith("  ok") for row in rows] == [True] * len(PLANTED)
    assert verdict.startswith(f"fit: {len(PLANTED)} of {len(PLANTED)} ")
    assert ended.err == ""


def test_a_leak_that_keeps_nothing_is_reported_as_missed(tmp_path: Path) -> None:
    ended = Running(driver("replace(named['stored exception'], size_bytes=0)"), tmp_path).end()

    assert ended.code == 1, ended.out
    assert "stored exception: MISSED: " in ended.out
    assert ended.out.splitlines()[-1].startswith("NOT FIT: 0 of 1 ")


def test_a_twin_that_keeps_something_is_a_false_alarm(tmp_path: Path) -> None:
    twin = "replace(named['stored exception, clean twin'], leaks=True)"
    ended = Running(driver(twin), tmp_path).end()

    assert ended.code == 1, ended.out
    assert "stored exception, clean twin: FALSE ALARM: " in ended.out
    assert "FAIL leak: " in ended.out


def test_what_can_not_be_judged_is_neither_fit_nor_missed(tmp_path: Path) -> None:
    ended = Running(driver(BROKEN), tmp_path).end()

    assert ended.code == 3, ended.out
    assert "stored exception: NOT JUDGED" in ended.out
    assert "no such file" in ended.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("planted", ["shared memory left", "child outlives its parent"])
def test_interrupted_it_takes_back_what_it_planted(
    tmp_path: Path, planted: str, number: signal.Signals
) -> None:
    running = Running(driver(f"named[{planted!r}], named['stored exception']"), tmp_path)
    running.wait_until(
        lambda: running.segments() or any("held = " in line for line in running.processes())
    )

    running.process.send_signal(number)
    ended = running.end()

    assert ended.code == 128 + number, ended.out
    assert ended.out.splitlines()[-1].startswith("INTERRUPTED: 0 of 2 ")
    assert "Traceback" not in ended.err


def test_what_a_killed_one_left_is_taken_back_by_the_next(tmp_path: Path) -> None:
    killed = Running(driver("named['shared memory left']"), tmp_path)
    killed.wait_until(killed.segments)
    killed.process.kill()
    killed.process.communicate()
    assert killed.segments() != []
    assert list(tmp_path.iterdir()) != []

    Running(driver(BROKEN), tmp_path).end()

    assert killed.segments() == []


def test_what_one_that_is_alive_has_planted_is_left_alone(tmp_path: Path) -> None:
    alive = Running(driver("named['shared memory left']"), tmp_path)
    alive.wait_until(alive.segments)
    alive.process.send_signal(signal.SIGSTOP)
    try:
        Running(driver(BROKEN), tmp_path).process.communicate()
        assert alive.segments() != []
        assert len(list(tmp_path.iterdir())) == 1
    finally:
        alive.process.send_signal(signal.SIGCONT)
        alive.end()


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "tpu"])
def test_where_nothing_can_be_planted_it_is_a_usage_error(device: str) -> None:
    ended = ops002("selftest", "--device", device)

    assert ended.code == 2
    assert f"invalid choice: '{device}'" in ended.err
    assert ended.out == ""


def test_without_a_temporary_folder_nothing_is_planted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    out, err = StringIO(), StringIO()

    assert selftest("cpu", {}, out, err) == 2
    assert "TMPDIR" in err.getvalue()
    assert out.getvalue() == ""
