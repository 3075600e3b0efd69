"""``ops002 selftest`` for real: on this machine every planted leak is found, and nothing stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from io import StringIO
from pathlib import Path

import pytest

from ops002.commands.selftest import selftest
from ops002.selftest import PLANTED
from tests.command_line import environment, ops002, processes_mentioning

SHM = Path("/dev/shm")

# The command with other workloads than its own.
DRIVER = """
import os, sys
from dataclasses import replace
from ops002.commands.selftest import selftest
from ops002.commands.selftest import selftest
from ops002.selftest import PLANTED
named = {{planted.name: planted for planted in PLANTED}}
sys.exit(selftest("cpu", os.environ, sys.stdout, sys.stderr, [{due}]))
"""


def driver(due: str) -> list[str]:
    """The argument vector of a self-test of these workloads: an expression over ``named``."""
    return [sys.executable, "-c", DRIVER.format(due=due)]


def segments() -> list[Path]:
    """Planted segments of shared memory."""
    return list(SHM.glob("ops002-selftest-*"))


def assert_nothing_stays(folder: Path) -> None:
    """No process, temporary file or segment."""
    assert processes_mentioning("ops002/planted") == []
    assert processes_mentioning("held = b'x'") == []
    assert list(folder.iterdir()) == []
    assert segments() == []


def test_this_machine_is_fit(tmp_path: Path) -> None:
    ended = ops002("selftest", TMPDIR=str(tmp_path))

    assert ended.code == 0, ended.out
    titles, *rows, verdict = ended.out.splitlines()
    assert titles.startswith("planted")
    assert [row.endswith("  ok") for row in rows] == [True] * len(PLANTED)
    assert verdict.startswith(f"fit: {len(PLANTED)} of {len(PLANTED)} ")
    assert ended.err == ""
    assert_nothing_stays(tmp_path)


def test_a_leak_that_keeps_nothing_is_reported_as_missed(tmp_path: Path) -> None:
    done = subprocess.run(
        driver("replace(named['stored exception'], size_bytes=0)"),
        env=environment(TMPDIR=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stdout
    assert "stored exception: MISSED: " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("NOT FIT: 0 of 1 ")
    assert_nothing_stays(tmp_path)


def test_a_twin_that_keeps_something_is_a_false_alarm(tmp_path: Path) -> None:
    done = subprocess.run(
        driver("replace(named['stored exception, clean twin'], leaks=True)"),
        env=environment(TMPDIR=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stdout
    assert "stored exception, clean twin: FALSE ALARM: " in done.stdout
    assert "FAIL leak: 320 MiB retained" in done.stdout


def test_what_can_not_be_judged_is_neither_fit_nor_missed(tmp_path: Path) -> None:
    done = subprocess.run(
        driver("replace(named['stored exception'], file='exceptions')"),
        env=environment(TMPDIR=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3, done.stdout
    assert "stored exception: NOT JUDGED" in done.stdout
    assert "no such file" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("planted", ["shared memory left", "child outlives its parent"])
def test_interrupted_it_takes_back_what_it_planted(
    tmp_path: Path, planted: str, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        driver(f"named[{planted!r}], named['stored exception']"),
        env=environment(TMPDIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not segments() and not processes_mentioning("held = b'x'"):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)

    process.send_signal(number)
    out, err = process.communicate(timeout=20)

    assert process.returncode == 128 + number, out
    assert out.splitlines()[-1].startswith("INTERRUPTED: 0 of 2 ")
    assert "Traceback" not in err
    assert_nothing_stays(tmp_path)


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "tpu"])
def test_a_device_is_refused_as_a_config_is(tmp_path: Path, device: str) -> None:
    (tmp_path / "ops002.yml").write_text(
        "version: 1\n"
        f"device: {device}\n"
        "scenarios: [{name: a, workload: {kind: python, file: a.py}, faults: [oom]}]\n"
    )
    refused = ops002("check-config", cwd=tmp_path)

    ended = ops002("selftest", "--device", device)

    assert ended.code == refused.code == 2
    assert refused.err == f"ops002.yml:2: {ended.err}"
    assert ended.out == ""


def test_without_a_temporary_folder_nothing_is_planted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    out, err = StringIO(), StringIO()

    assert selftest("cpu", {}, out, err) == 2
    assert "TMPDIR" in err.getvalue()
    assert out.getvalue() == ""
