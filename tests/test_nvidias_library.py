"""NVIDIA's own library where no driver is loaded: the command line says so, and what to do."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.command_line import ops002, read_report
from tests.nvidias_library import NotToBeHad, fetch

ENGINE = Path(__file__).parent / "gpu_corpus" / "engines" / "engine.py"
NOT_LOADED = "Driver Not Loaded"
ADVICE = "load it (modprobe nvidia)"


@pytest.fixture(scope="module")
def environment(pytestconfig: pytest.Config) -> dict[str, str]:
    """With the library in it, which is fetched once and kept for later sessions."""
    try:
        library = fetch(pytestconfig.cache.mkdir("nvidias-library"))
    except NotToBeHad as why:
        pytest.skip(f"NVIDIA's library isn't to be had: {why}")
    path = os.pathsep.join(filter(None, [str(library), os.environ.get("LD_LIBRARY_PATH")]))
    return {"LD_LIBRARY_PATH": path}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    workload = {"kind": "python", "file": str(ENGINE)}
    faults = [{"kind": "call", "expect": {"match": "boom"}}]
    document = {
        "version": 1,
        "device": "cuda",
        "scenarios": [{"name": "engine", "workload": workload, "faults": faults}],
    }
    (tmp_path / "ops002.yml").write_text(json.dumps(document))
    return tmp_path


def test_a_run_has_no_reading(environment: dict[str, str], folder: Path) -> None:
    ended = ops002("run", cwd=folder, **environment)

    assert ended.code == 3, ended.err
    assert read_report(folder / "ops002-report")["reason"] == "no-reading"
    assert NOT_LOADED in ended.out
    assert ADVICE in ended.out


def test_the_doctor_names_the_next_step(environment: dict[str, str], folder: Path) -> None:
    ended = ops002("doctor", cwd=folder, **environment)

    assert ended.code == 3, ended.err
    assert NOT_LOADED in ended.out
    assert ADVICE in ended.out
