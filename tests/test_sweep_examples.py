"""The examples of a sweep: clean ones pass, and planted leaks are found by their lines."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import ROOT, command, environment, read_report

FOLDER = ROOT / "examples" / "sweep"
MINUTES = 10
"""Dozens of inferences: seconds, unless others compute on this machine."""

MODELS = ["generate", "minilm"]


def swept(scenario: str, folder: Path) -> tuple[int, dict[str, Any]]:
    arguments = ("--config", FOLDER / "ops002.yml", "--scenario", scenario, "--report-dir", folder)
    ended = subprocess.run(
        command("run", *arguments), cwd=ROOT, env=environment(), timeout=MINUTES * 60, check=False
    )
    [trial] = read_report(folder)["trials"]
    return ended.returncode, trial


@pytest.mark.parametrize("model", MODELS)
def test_a_clean_model_passes_and_the_report_says_how_much_was_covered(
    model: str, tmp_path: Path
) -> None:
    code, trial = swept(f"{model}-clean", tmp_path)

    assert (code, trial["reason"]) == (0, "returned-to-baseline")
    figures = trial["sweep"]
    assert figures["tried"] == figures["raised"] == figures["failed"] > figures["sites"] > 10
    assert figures["points"] > figures["tried"]
    assert trial["measurement"]["sweep"]["allocator_events"] > figures["points"]
    assert figures["groups"] == []


@pytest.mark.parametrize("model", MODELS)
def test_a_planted_leak_is_found_at_each_line_that_was_tried(model: str, tmp_path: Path) -> None:
    code, trial = swept(f"{model}-leaking", tmp_path)

    assert (code, trial["reason"]) == (1, "leak")
    kept = [holder for holder in trial["holders"] if holder["kind"] == "point"]
    module = "decoder" if model == "generate" else "minilm"
    assert {Path(holder["file"]).name for holder in kept} == {f"{module}.py"}
    assert all("each time" in holder["detail"] for holder in kept)
