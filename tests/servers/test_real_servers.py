"""Real servers through the real command line: clean ones always pass, planted leaks never."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.command_line import ROOT, command, environment, processes_started_with, read_report

pytestmark = pytest.mark.servers

EXAMPLES = ROOT / "examples" / "servers"
PYTHON = os.environ.get("OPS002_SERVERS_PYTHON", "")
RUNS = range(int(os.environ.get("OPS002_SERVERS_RUNS", "10")))
SECONDS = 600
PLANTED = {
    "cache": ("request", {"leak"}),
    "exception": ("request", {"cache-or-leak"}),
    "child": ("request", {"leak"}),
    "task": ("disconnect", {"leak"}),
}


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny llama with random weights, and a prompt that is too long for it."""
    folder = tmp_path_factory.mktemp("model")
    subprocess.run([PYTHON, EXAMPLES / "llama-cpp" / "make_model.py", folder], check=True)
    return folder


def config(example: str, folder: Path, *, fault: str = "", model: Path | None = None) -> Path:
    """An example's config, its Python that of the tests; of its faults one kind, if it is named."""
    text = (EXAMPLES / example / "ops002.yml").read_text().replace("venv/bin/python", PYTHON)
    document = yaml.safe_load(text if model is None else text.replace("model/", f"{model}/"))
    for scenario in document["scenarios"]:
        scenario["faults"] = [
            one for one in scenario["faults"] if one["kind"] == fault or not fault
        ]
    document["retry_inconclusive"] = 0
    file = folder / "ops002.yml"
    file.write_text(yaml.safe_dump(document))
    return file


def reason_of(example: str, file: Path, *scenario: str, **env: str) -> str:
    """What a run comes to; nothing of it is left running."""
    mark = str(file)
    folder = file.parent / "report"
    ended = subprocess.run(
        command("run", "--config", file, "--report-dir", folder, *scenario),
        cwd=EXAMPLES / example,
        env=environment(SERVERS_CASE=mark, **env),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert processes_started_with("SERVERS_CASE", mark) == []
    reason = str(read_report(folder)["reason"])
    assert reason in ended.stdout, ended.stderr
    return reason


@pytest.mark.parametrize("run", RUNS)
def test_llama_cpp_that_collects_passes(run: int, model: Path, tmp_path: Path) -> None:
    file = config("llama-cpp", tmp_path, model=model)
    reason = reason_of("llama-cpp", file, "--scenario", "collecting")
    assert reason == "returned-to-baseline", run


@pytest.mark.parametrize("run", RUNS)
def test_clean_transformer_passes(run: int, tmp_path: Path) -> None:
    reason = reason_of("transformers", config("transformers", tmp_path))
    assert reason == "returned-to-baseline", run


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("planted", PLANTED)
def test_leaking_transformer_is_red(run: int, planted: str, tmp_path: Path) -> None:
    fault, reasons = PLANTED[planted]
    file = config("transformers", tmp_path, fault=fault)
    assert reason_of("transformers", file, PLANTED=planted) in reasons, run
