"""How long the command line takes to answer, against an interpreter that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.table import Row

RUNS = 30
CONFIG = """
version: 1
device: cpu
scenarios:
  - name: generate
    workload: {kind: python, file: scenario.py}
    faults: [oom, {kind: call, expect: {exception: RuntimeError, match: boom}}]
"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "ops002.yml"
        config.write_text(CONFIG)
        nothing = [sys.executable, "-c", "pass"]
        gate = [sys.executable, "-m", "ops002"]
        commands = {
            "nothing": nothing,
            "help": [*gate, "--help"],
            "check": [*gate, "check-config", str(config)],
        }
        seconds = _in_turn(commands)
    base = statistics.median(seconds["nothing"])
    for name, label, limit in (
        ("help", "ops002 --help / python -c pass", 3),
        ("check", "ops002 check-config / python -c pass", 20),
    ):
        yield Row(label, statistics.median(seconds[name]) / base, limit)


def _in_turn(commands: dict[str, list[str]]) -> dict[str, list[float]]:
    """Seconds of each command; taken in turn, so that a busy moment hits all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            seconds[name].append(time.perf_counter() - started)
    return seconds
