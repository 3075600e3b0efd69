"""The real command line on a real GPU: torch scenarios that are clean, and their leaking twins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.command_line import command, environment, read_report
from tests.gpu.conftest import Gpu

pytestmark = pytest.mark.gpu

ENGINE = Path(__file__).parent / "engine.py"
RUNS: Final = int(os.environ.get("OPS002_GPU_RUNS", "100"))
_RUN_SECONDS: Final = 600
CALL: Final = {"kind": "call", "expect": {"match": "boom"}}
FAULTS: Final = {"call": CALL} | {word: word for word in ("oom", "oom-sweep", "exception", "kill")}
Saw = Callable[[str, str], None]


def judged(gpu: Gpu, folder: Path, fault: str, *, keeps: bool = False) -> dict[str, Any]:
    """The report of a run."""
    workload = {
        "kind": "python",
        "file": str(ENGINE),
        "python": gpu.python,
        "env": {"KEEPS": "1"} if keeps else {},
    }
    document = {
        "version": 1,
        "device": "cuda",
        "repeat": 2,
        "control": 2,
        "retry_inconclusive": 0,
        "scenarios": [{"name": "torch", "workload": workload, "faults": [FAULTS[fault]]}],
    }
    (folder / "ops002.yml").write_text(json.dumps(document))
    done = subprocess.run(
        command("run"),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=_RUN_SECONDS,
        check=False,
    )
    sys.stdout.write(done.stdout)  # shown where the test fails
    assert done.returncode in {0, 1, 3}, done.stderr
    return read_report(folder / "ops002-report")


def figures(report: dict[str, Any]) -> str:
    checks = [check for trial in report["trials"] for check in trial["checks"]]
    deltas = ", ".join(f"{check['phase']} {check['delta_bytes']} B" for check in checks)
    return f"{report['outcome']}: {report['reason']} ({deltas})"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_clean_engine_passes(gpu: Gpu, saw: Saw, tmp_path: Path, fault: str) -> None:
    report = judged(gpu, tmp_path, fault)
    saw(f"{fault}, clean", figures(report))
    assert report["outcome"] == "pass", report["reason"]


@pytest.mark.parametrize("fault", ["call", "oom", "oom-sweep"])
def test_its_twin_that_keeps_what_it_took_fails(
    gpu: Gpu, saw: Saw, tmp_path: Path, fault: str
) -> None:
    report = judged(gpu, tmp_path, fault, keeps=True)
    saw(f"{fault}, leaking", figures(report))
    assert (report["outcome"], report["reason"]) == ("fail", "leak")


def test_none_of_many_clean_runs_is_red(gpu: Gpu, saw: Saw, tmp_path: Path) -> None:
    began = time.monotonic()
    red: list[str] = []
    for number in range(RUNS):
        folder = tmp_path / str(number)
        folder.mkdir()
        report = judged(gpu, folder, "call")
        if report["outcome"] != "pass":
            red.append(figures(report))
    seconds = (time.monotonic() - began) / max(1, RUNS)
    saw(f"{RUNS} clean runs", f"{len(red)} red, {seconds:.1f} s each")
    assert RUNS > 0
    assert red == []
