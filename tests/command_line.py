"""The real command line, as a test runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coverage
import psutil

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Ended:
    """A run of the command line that has ended."""

    code: int
    out: str
    err: str


def command(*arguments: str | Path) -> list[str]:
    """The argument vector that runs ops002 here; measured if the tests are."""
    python = [sys.executable, "-m"]
    if coverage.Coverage.current() is not None:
        settings = ["--rcfile", str(ROOT / "pyproject.toml"), "--parallel-mode"]
        python += ["coverage", "run", *settings, "-m"]
    return [*python, "ops002", *map(str, arguments)]


def environment(**given: str) -> dict[str, str]:
    """The environment of a run: coverage's files go to the checkout, whatever the folder."""
    return {**os.environ, "COVERAGE_FILE": str(ROOT / ".coverage"), **given}


def ops002(*arguments: str | Path, cwd: Path | None = None, **env: str) -> Ended:
    """Run it to its end."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(**env),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def read_report(folder: Path) -> dict[str, Any]:
    """The report of a run."""
    document: dict[str, Any] = json.loads((folder / "ops002-report.json").read_text("utf-8"))
    return document


def processes_mentioning(text: str) -> list[str]:
    """Command lines of live processes that hold a text: what a run must not leave behind."""
    found = []
    for process in psutil.process_iter(["cmdline", "pid"]):
        line = " ".join(process.info["cmdline"] or ())
        if text in line and process.info["pid"] != os.getpid():
            found.append(line)
    return found


def processes_started_with(variable: str, value: str) -> list[psutil.Process]:
    """Live processes that inherited a piece of environment, whatever they did since then."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.environ().get(variable) == value:
                found.append(process)
    return found


def works(*argv: str) -> bool:
    """Whether this machine has a program and lets it do that."""
    if shutil.which(argv[0]) is None:
        return False
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def wait_for(holds: Callable[[], object], seconds: float = 30) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
