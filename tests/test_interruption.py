"""The gate is ended at each stage of a trial, by each signal: nothing of the workload is left."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from ops002.cookie import carriers
from ops002.measurement import Stage
from tests.command_line import command, environment, ops002, read_report

SECONDS: Final = 60.0

# A child in a session of its own that no polite signal ends, and memory that stays away: the gate
# dwells in every stage that there is.
PYTHON: Final = """
import subprocess, time
KEPT = []
def load(device):
    subprocess.Popen(["setsid", "sh", "-c", "trap '' INT TERM HUP; sleep 96; sleep 97"])
    time.sleep(0.5)
    return "model"
def infer(model):
    time.sleep(0.2)
def fail(model):
    KEPT.append(b"x" * (100 << 20))
    time.sleep(0.5)
    raise RuntimeError("boom")
"""
COMMAND: Final = "setsid sh -c 'trap \"\" INT TERM HUP; sleep 96; sleep 97' & sleep 0.7; exit 3"
SERVER: Final = """
import subprocess, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
KEPT = []
class Engine(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.2)
        if self.path == "/fail":
            KEPT.append(b"x" * (100 << 20))
            time.sleep(0.5)
        self.send_response(503 if self.path == "/fail" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
subprocess.Popen(["setsid", "sh", "-c", "trap '' INT TERM HUP; sleep 96; sleep 97"])
time.sleep(0.5)
HTTPServer(("127.0.0.1", int(sys.argv[1])), Engine).serve_forever()
"""
URL: Final = "http://127.0.0.1:{port}/"
SETTLE: Final = "settle: {timeout: 1500ms, window: 300ms}"

SIGNALS: Final = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}
PYTHON_STAGES: Final = [stage for stage in Stage if stage is not Stage.HEALTHY_TRY]
COMMAND_STAGES: Final = [
    Stage.WARM_UP,
    Stage.CONTROL,
    Stage.BEFORE_START,
    Stage.FAULT,
    Stage.AFTER_EXIT,
]
SERVER_STAGES: Final = [Stage.WARM_UP, Stage.FAULT, Stage.AFTER_ERROR, Stage.AFTER_EXIT]
each_signal = pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)


def config(folder: Path, kind: str) -> Path:
    (folder / "scenario.py").write_text(PYTHON)
    (folder / "exit.sh").write_text(COMMAND)
    (folder / "server.py").write_text(SERVER)
    workload, fault = {
        "python": (
            f"{{kind: python, file: {folder}/scenario.py}}",
            "{kind: call, expect: {match: boom}}",
        ),
        "command": (
            f"{{kind: command, run: [sh, {folder}/exit.sh], healthy: [sleep, '0.4']}}",
            "{kind: exit, expect: {exit_code: [3]}}",
        ),
        "server": (
            (
                f"{{kind: server, run: [{sys.executable}, {folder}/server.py, '{{port}}'], "
                f"ready: {{url: '{URL}'}}, healthy: {{url: '{URL}'}}}}"
            ),
            f"{{kind: request, url: '{URL}fail', expect: {{status: [503]}}}}",
        ),
        "harmless": ("{kind: command, run: ['false']}", "{kind: exit, expect: {exit_code: [1]}}"),
    }[kind]
    file = folder / f"{kind}.yml"
    file.write_text(
        f"version: 1\ndevice: cpu\nrepeat: 1\ncontrol: 1\nwarmup: 1\nmin_at_stake: 0B\n{SETTLE}\n"
        f"scenarios:\n  - name: {kind}\n    workload: {workload}\n    faults: [{fault}]\n"
    )
    return file


@contextmanager
def gate_at(stage: Stage, file: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run that has just entered a stage, as its display at a terminal says."""
    ours, its = os.openpty()
    try:
        with subprocess.Popen(
            command("run", "--config", file, "--report-dir", folder / "r"),
            stdout=subprocess.DEVNULL,
            stderr=its,
            env=environment(),
        ) as gate:
            wait_for(stage, ours)
            yield gate
            # A terminal whose buffer is full would hold the gate up.
            while gate.poll() is None:
                if select.select([ours], [], [], 0.05)[0]:
                    os.read(ours, 1 << 16)
    finally:
        os.close(its)
        os.close(ours)


def wait_for(stage: Stage, terminal: int) -> None:
    shown, deadline = "", time.monotonic() + SECONDS
    while not re.search(rf"  {stage.value}( \d+)? ", shown):
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 1.0)[0]:
            shown = shown[-200:] + os.read(terminal, 1 << 16).decode("utf-8", "replace")


def left_of(pid: int) -> list[int]:
    """The processes of the workloads of a gate."""
    return [process for process, gate in carriers() if gate.pid == pid]


def end_and_look(stage: Stage, number: signal.Signals, folder: Path, kind: str) -> None:
    with gate_at(stage, config(folder, kind), folder) as gate:
        gate.send_signal(number)
    assert gate.returncode == SIGNALS[number]
    if number is signal.SIGKILL:
        # Nobody was there to clean up: the next start does.
        ended = ops002("run", "--config", config(folder, "harmless"), "--report-dir", folder / "n")
        assert ended.code == 0, ended.out
    else:
        report = read_report(folder / "r")
        assert (report["outcome"], report["reason"]) == ("inconclusive", "interrupted")
    assert left_of(gate.pid) == []


@each_signal
@pytest.mark.parametrize("stage", PYTHON_STAGES, ids=lambda stage: str(stage.value))
def test_nothing_is_left_of_a_python_workload(
    stage: Stage, number: signal.Signals, tmp_path: Path
) -> None:
    end_and_look(stage, number, tmp_path, "python")


@each_signal
@pytest.mark.parametrize("stage", COMMAND_STAGES, ids=lambda stage: str(stage.value))
def test_nothing_is_left_of_a_command(stage: Stage, number: signal.Signals, tmp_path: Path) -> None:
    end_and_look(stage, number, tmp_path, "command")


@each_signal
@pytest.mark.parametrize("stage", SERVER_STAGES, ids=lambda stage: str(stage.value))
def test_nothing_is_left_of_a_server(stage: Stage, number: signal.Signals, tmp_path: Path) -> None:
    end_and_look(stage, number, tmp_path, "server")
