"""What the image holds, and that it is the gate."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

import pytest

from tests.docker.engine import ask, run

MIB = 1 << 20
OWN_LAYERS = 16 * MIB
OWN_FOLDER = "/opt/ops002"

LEAKING = """
KEPT = []
def load(device): return "model"
def infer(model): return len(b"x" * (100 << 20))
def fail(model):
    KEPT.append(b"x" * (200 << 20))
    raise RuntimeError("boom")
"""
CLEAN = LEAKING.replace("KEPT.append(", "len(")
CONFIG = """
version: 1
device: cpu
repeat: 1
control: 1
settle: {timeout: 2s}
scenarios:
  - name: engine
    workload: {kind: python, file: engine.py}
    faults: [{kind: call, expect: {match: boom}}]
"""


def mounted(folder: Path) -> tuple[str, ...]:
    return ("-v", f"{folder}:/work", "-w", "/work", "--network", "none")


def test_entry_point_is_the_gate(image: str) -> None:
    ended = run("--version", image=image)

    assert (ended.code, ended.out.split()[0]) == (0, "ops002"), ended.err


@pytest.mark.parametrize(("source", "code"), [(CLEAN, 0), (LEAKING, 1)], ids=["clean", "leaking"])
def test_judges_a_workload_in_its_own_container(
    image: str, tmp_path: Path, source: str, code: int
) -> None:
    (tmp_path / "engine.py").write_text(source)
    (tmp_path / "ops002.yml").write_text(CONFIG)

    ended = run("run", "--report-dir", "/tmp/report", options=mounted(tmp_path), image=image)

    assert ended.code == code, ended.out + ended.err
    assert {file.name for file in tmp_path.iterdir()} == {"engine.py", "ops002.yml"}


def test_nothing_of_the_checkout_is_imported(image: str, tmp_path: Path) -> None:
    """A pull request brings modules by the names of ours, and a path to them."""
    for name in ("ops002", "pynvml", "yaml", "json", "pydantic"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(99)")

    ended = run(
        "doctor", "--json", options=(*mounted(tmp_path), "-e", "PYTHONPATH=/work"), image=image
    )

    assert ended.code == 3, ended.out + ended.err
    found = {one["subject"]: one["words"] for one in json.loads(ended.out)["findings"]}
    assert "NVML Shared Library Not Found" in found["gpu driver"]


def test_holds_what_one_kind_of_runner_needs(image: str) -> None:
    """Kubernetes runners without volumes start a step by sh, env and tail."""
    ended = run("-c", "env true && tail -n0 /dev/null", options=("--entrypoint", "sh"), image=image)

    assert ended.code == 0, ended.err


@pytest.mark.parametrize("program", ["gcc", "git", "make"])
def test_holds_no_tools(image: str, program: str) -> None:
    ended = run("-c", f"command -v {program}", options=("--entrypoint", "sh"), image=image)

    assert (ended.code, ended.out) != (0, ""), ended.out


@pytest.mark.parametrize("module", ["torch", "numpy", "pip", "psutil", "pytest"])
def test_holds_no_module_that_the_gate_does_not_need(image: str, module: str) -> None:
    python = ("--entrypoint", f"{OWN_FOLDER}/bin/python3")

    ended = run("-Ic", f"import {module}", options=python, image=image)

    assert "ModuleNotFoundError" in ended.err


def test_byte_code_is_there_and_holds_whatever_the_files_times_are(image: str) -> None:
    """The second field of a .pyc: 1 says by hash, not checked against the source."""
    script = (
        "import ops002.cli, pathlib; p = pathlib.Path(ops002.cli.__cached__); "
        "print(int.from_bytes(p.read_bytes()[4:8], 'little'))"
    )

    ended = run("-Ic", script, options=("--entrypoint", f"{OWN_FOLDER}/bin/python3"), image=image)

    assert ended.out.strip() == "1", ended.err


def test_says_what_it_is_and_what_it_needs_of_a_gpu(image: str) -> None:
    (found,) = json.loads(ask("image", "inspect", image))

    assert found["Config"]["Entrypoint"] == [f"{OWN_FOLDER}/entrypoint.py"]
    assert "NVIDIA_DRIVER_CAPABILITIES=compute,utility" in found["Config"]["Env"]
    assert found["Config"]["Labels"]["org.opencontainers.image.title"] == "ops002"


def test_own_layers_stay_within_their_budget(image: str) -> None:
    """Compressed as a registry would: what a runner pulls beyond the base."""
    packed = subprocess.run(
        ["docker", "run", "--rm", "--entrypoint", "tar", image, "-C", "/opt", "-c", "ops002"],
        capture_output=True,
        check=True,
    )

    assert len(gzip.compress(packed.stdout)) < OWN_LAYERS
