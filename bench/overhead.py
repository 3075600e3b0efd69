"""What the gate itself costs: wall time beside the workload's work, and CPU time while it waits."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import psutil

import ops002.agents
from bench.table import Row

RUNS = 5
MIB = 1 << 20
BOOTSTRAP = Path(ops002.agents.__file__).parent / "worker" / "bootstrap.py"
OWN_SECONDS = 0.5
CPU_SHARE = 0.05
WATCHED_SECONDS = 12.0

# A workload whose own work is nothing: what is left of the run's time is the gate's.
IDLE = """
def load(device): return "model"
def infer(model): return None
def fail(model): raise RuntimeError("boom")
"""
# Memory that stays away, so that the gate waits to the end of the timeout.
LEAKING = """
import torch
KEPT = []
def load(device): return "model"
def infer(model): return torch.ones(32 << 20).sum()
def fail(model):
    KEPT.append(torch.ones(64 << 20))
    raise RuntimeError("boom")
"""
# Memory comes back by itself, well after the error.
RETURNING = """
import threading
HELD = []
def load(device): return "model"
def infer(model): return len(b"x" * (100 << 20))
def fail(model):
    HELD.append(b"x" * (200 << 20))
    threading.Timer(2.3, HELD.clear).start()
    raise RuntimeError("boom")
"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _own_time(Path(folder))
        yield _cpu_while_waiting(Path(folder))
        yield _time_to_decision(Path(folder))


def run_config(folder: Path, source: str, **keys: Any) -> list[str]:
    (folder / "scenario.py").write_text(source)
    scenario = {
        "name": "measured",
        "workload": {"kind": "python", "file": str(folder / "scenario.py")},
        "faults": [{"kind": "call", "expect": {"match": "boom"}}],
    }
    document = {"version": 1, "device": "cpu", "scenarios": [scenario], **keys}
    (folder / "ops002.yml").write_text(json.dumps(document))
    command = [sys.executable, "-m", "ops002", "run", "--config", str(folder / "ops002.yml")]
    return [*command, "--report-dir", str(folder / "report")]


def trial_snapshots(folder: Path) -> list[dict[str, Any]]:
    report = json.loads((folder / "report" / "ops002-report.json").read_text())
    snapshots: list[dict[str, Any]] = report["trials"][0]["measurement"]["snapshots"]
    return snapshots


def run_seconds(command: list[str], environ: dict[str, str] | None = None) -> float:
    started = time.perf_counter()
    subprocess.run(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return time.perf_counter() - started


def _own_time(folder: Path) -> Iterator[Row]:
    command = run_config(folder, IDLE, min_at_stake="0B")
    own = []
    for _ in range(RUNS):
        worker = run_seconds([sys.executable, "-X", "faulthandler", str(BOOTSTRAP)])
        run = run_seconds(command)
        waits = groupby(trial_snapshots(folder), key=lambda one: (one["stage"], one["fault"]))
        settling = sum(
            series[-1]["seconds"] - series[0]["seconds"]
            for series in (list(group) for _, group in waits)
        )
        own.append(run - worker - settling)
    yield Row("gate's own seconds in a run / 0.5 s", statistics.median(own) / OWN_SECONDS, 1)


def _cpu_while_waiting(folder: Path) -> Row:
    settle = {"timeout": "60s"}
    with subprocess.Popen(
        run_config(folder, LEAKING, repeat=1, control=1, settle=settle),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as gate:
        _until_it_waits(gate.pid)
        process = psutil.Process(gate.pid)
        before, began = process.cpu_times(), time.monotonic()
        time.sleep(WATCHED_SECONDS)
        after, passed = process.cpu_times(), time.monotonic() - began
        gate.terminate()
    used = after.user + after.system - before.user - before.system
    return Row("CPU while waiting for torch / 5 % of a core", used / passed / CPU_SHARE, 1)


def _until_it_waits(pid: int) -> None:
    """The workload has done its work, and the gate only looks at it."""
    time.sleep(4.0)
    while True:
        children = psutil.Process(pid).children()
        before = [sum(child.cpu_times()[:2]) for child in children]
        time.sleep(1.5)
        after = [sum(child.cpu_times()[:2]) for child in children]
        if children and after == before:
            return


def _time_to_decision(folder: Path) -> Row:
    command = run_config(folder, RETURNING, repeat=1, control=1)
    ratios = []
    for _ in range(RUNS):
        run_seconds(command)
        snapshots = trial_snapshots(folder)
        after = [one for one in snapshots if one["stage"] == "after-error"]
        at = [one["seconds"] for one in after]
        # Back at some moment since the reading before: an interval is added for it.
        back = next(one["seconds"] for one in after if one["readings"][0]["bytes"] < 100 * MIB)
        interval = statistics.median(later - one for one, later in pairwise(at))
        ratios.append((at[-1] - back + interval) / (0.5 + 2 * interval))
    return Row("from back to decided / window + 2 intervals", max(ratios), 1)
