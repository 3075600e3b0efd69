"""Whole trials with a real worker and a scripted instrument: what readings alone decide."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ops002.clock import Clock
from ops002.config.parameters import resolved
from ops002.config.resolved import Config, parse
from ops002.executors.local import LocalExecutor
from ops002.result import GateResult, gate_result
from ops002.trials.lab import Lab
from ops002.trials.onlooker import NobodyLooks
from ops002.trials.runner import run
from tests.builders import made
from tests.fakes import ScriptedInstruments, ScriptedProbe, no_containers

MIB = 1 << 20

SCENARIO = """
def load(device): return "model"
def infer(model): return None
def fail(model): raise RuntimeError("boom")
"""


def judged(folder: Path, script: list[int | str], repeat: int = 1) -> GateResult:
    """The result of one python trial whose readings follow the script."""
    (folder / "scenario.py").write_text(SCENARIO)
    document = {
        "version": 1,
        "device": "cpu",
        "repeat": repeat,
        "warmup": 1,
        "settle": {"timeout": "500ms", "window": "100ms", "interval": "20ms"},
        "scenarios": [
            {
                "name": "scripted",
                "workload": {"kind": "python", "file": str(folder / "scenario.py")},
                "faults": [{"kind": "call", "expect": {"match": "boom"}}],
            }
        ],
    }
    config: Config = parse(document, {})
    probe = ScriptedProbe(script)
    lab = Lab(
        executor=LocalExecutor(os.environ),
        containers=no_containers,
        clock=Clock(60),
        instruments=ScriptedInstruments(probe),
        environ=os.environ,
        output_dir=folder,
        onlooker=NobodyLooks(),
    )
    return gate_result(config, resolved(config), list(run(config, lab)), [], made())


def test_steady_readings_pass(tmp_path: Path) -> None:
    assert judged(tmp_path, [100 * MIB], repeat=2).reason.value == "returned-to-baseline"


@pytest.mark.parametrize("start", [0, 5, 15])
def test_a_reading_that_cant_be_taken_is_never_a_pass(tmp_path: Path, start: int) -> None:
    result = judged(tmp_path, [*[100 * MIB] * start, "permission denied"])

    assert (result.outcome.value, result.reason.value) == ("inconclusive", "no-reading")


def test_a_reading_that_fails_now_and_then_is_never_a_pass(tmp_path: Path) -> None:
    result = judged(tmp_path, [100 * MIB, "lost", 100 * MIB, "lost"] * 100)

    assert result.outcome.value == "inconclusive"


@pytest.mark.parametrize("reading", [-1, (1 << 40) + 1])
def test_an_impossible_reading_fails(tmp_path: Path, reading: int) -> None:
    result = judged(tmp_path, [*[100 * MIB] * 8, reading])

    assert (result.outcome.value, result.reason.value) == ("fail", "implausible-reading")
