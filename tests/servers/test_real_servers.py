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
CLEAN = "returned-to-baseline"
PLANTED = {
    "cache": ("request", "leak"),
    "exception": ("request", "cache-or-leak"),
    "child": ("request", "leak"),
    "task": ("disconnect", "leak"),
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
    # llama.cpp's as it is keeps its errors until Python's collector comes by: by chance.
    document["scenarios"] = [one for one in document["scenarios"] if one["name"] != "as-it-is"]
    document["retry_inconclusive"] = 0
    file = folder / "ops002.yml"
    file.write_text(yaml.safe_dump(document))
    return file


def assert_comes_to(expected: str, example: str, file: Path, **env: str) -> None:
    """That is what it comes to alive, after each fault; nothing of the run is left running."""
    mark = str(file)
    folder = file.parent / "report"
    ended = subprocess.run(
        command("run", "--config", file, "--report-dir", folder),
        cwd=EXAMPLES / example,
        env=environment(SERVERS_CASE=mark, **env),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert processes_started_with("SERVERS_CASE", mark) == []
    report = read_report(folder)
    checks = [check for trial in report["trials"] for check in trial["checks"]]
    alive = {check["reason"] for check in checks if check["phase"] == "after-error"}
    assert alive == {expected}, ended.stdout + ended.stderr
    # One whose task runs on doesn't end when it is asked to, either: that is a fail of its own.
    assert (report["outcome"] == "pass") == (expected == CLEAN)


@pytest.mark.parametrize("run", RUNS)
def test_llama_cpp_that_collects_passes(run: int, model: Path, tmp_path: Path) -> None:
    file = config("llama-cpp", tmp_path, model=model)
    assert_comes_to(CLEAN, "llama-cpp", file, RUN=str(run))


@pytest.mark.parametrize("run", RUNS)
def test_llama_cpp_whose_collector_is_off_is_red(run: int, model: Path, tmp_path: Path) -> None:
    file = config("llama-cpp", tmp_path, model=model)
    assert_comes_to("leak", "llama-cpp", file, PLANTED="collector-off", RUN=str(run))


@pytest.mark.parametrize("run", RUNS)
def test_clean_transformer_passes(run: int, tmp_path: Path) -> None:
    assert_comes_to(CLEAN, "transformers", config("transformers", tmp_path), RUN=str(run))


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("planted", PLANTED)
def test_leaking_transformer_is_red(run: int, planted: str, tmp_path: Path) -> None:
    fault, reason = PLANTED[planted]
    file = config("transformers", tmp_path, fault=fault)
    assert_comes_to(reason, "transformers", file, PLANTED=planted, RUN=str(run))
