"""The action on GPUs that aren't there: the engine hands out the stand-in driver for them."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ops002.probes.gpu_lock import GpuLock
from tests.docker.engine import run
from tests.docker.runner import Step
from tests.standin_nvml import driver
from tests.standin_nvml.machine import Card, Machine, Tenant

MIB = 1 << 20
GIB = 1 << 30
HOST = Path("/run/ops002-standin")
NO_RUNTIME = "could not select device driver"
LEAKING = """
from standin_gpu import use
KEPT = []
def load(device): return use(2 << 30)
def infer(model): use(512 << 20).free()
def fail(model):
    KEPT.append(use(512 << 20))
    raise RuntimeError("boom")
"""
CLEAN = LEAKING.replace("KEPT.append(use(512 << 20))", "use(512 << 20).free()")
CONFIG = """
version: 1
device: cuda
repeat: 1
control: 1
min_at_stake: 0B
settle: {timeout: 2s}
scenarios:
  - name: engine
    workload: {kind: python, file: engine.py}
    faults: [{kind: call, expect: {match: boom}}]
"""


@pytest.fixture
def gpus(image: str, nvml_library: Path) -> Iterator[Machine]:
    """The machine that containers with GPUs meet."""
    HOST.mkdir(exist_ok=True)
    with (HOST / "lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)  # one machine for all
        shutil.rmtree(HOST / "machine", ignore_errors=True)
        shutil.copy2(nvml_library, HOST / driver.LIBRARY)
        machine = Machine(HOST / "machine", nvml_library)
        why = run("true", options=("--gpus", "all", "--entrypoint", "env"), image=image).err
        if NO_RUNTIME in why:
            pytest.skip("the engine has no GPU runtime, nor the stand-in for one")
        yield machine


@pytest.fixture
def step(image: str, gpus: Machine, tmp_path: Path) -> Step:
    """A step on a checkout, on a machine with two cards."""
    gpus.put(Card(0), Card(1))
    made = Step(tmp_path, image)
    (made.workspace / "ops002.yml").write_text(CONFIG)
    (made.workspace / "engine.py").write_text(CLEAN)
    shutil.copy2(driver.HERE / "standin_gpu.py", made.workspace)
    return made


@pytest.mark.parametrize(
    ("source", "code", "reason"),
    [(CLEAN, 0, "returned-to-baseline"), (LEAKING, 1, "leak")],
    ids=["clean", "leaking"],
)
def test_is_judged_by_the_driver(step: Step, source: str, code: int, reason: str) -> None:
    (step.workspace / "engine.py").write_text(source)

    out, err = (started := step.start()).communicate(timeout=120)

    assert started.returncode == code, out + err
    report = json.loads(Path(step.outputs()["report_path"]).read_text())
    assert report["reason"] == reason
    checks = report["trials"][0]["checks"]
    assert {check["instrument"] for check in checks} == {"nvml-used-v2"}
    assert max(check["delta_bytes"] for check in checks) == (512 * MIB if code else 0)
    assert step.left() == []


def test_processes_on_the_card_are_told_by_their_pids_of_the_host(
    step: Step, gpus: Machine
) -> None:
    gpus.move_in(Tenant(1, 3 * GIB))

    out, err = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 0, out + err
    report = json.loads(Path(step.outputs()["report_path"]).read_text())
    snapshots = report["trials"][0]["measurement"]["snapshots"]
    told = {(one["owner"], one["bytes"]) for two in snapshots for one in two["processes"]}
    assert ("other", 3 * GIB) in told
    assert ("workload", 2 * GIB) in told


def test_another_gate_on_the_gpu_is_waited_for(step: Step) -> None:
    with closing(GpuLock()) as other:
        assert other.take(Card(0).id)
        started = step.start()
        assert started.stdout is not None
        told = next(line for line in started.stdout if "another ops002" in line)
    out, err = started.communicate(timeout=120)

    assert Card(0).id in told
    assert started.returncode == 0, out + err


def test_engine_without_a_gpu_runtime_says_what_to_install(image: str, tmp_path: Path) -> None:
    if NO_RUNTIME not in run("true", options=("--gpus", "all"), image=image).err:
        pytest.skip("this engine has one")
    step = Step(tmp_path, image)
    (step.workspace / "ops002.yml").write_text(CONFIG)
    (step.workspace / "engine.py").write_text(CLEAN)

    out, _ = (started := step.start()).communicate(timeout=60)

    assert started.returncode == 3
    assert "install nvidia-container-toolkit" in out
    assert step.outputs()["verdict"] == "inconclusive"
