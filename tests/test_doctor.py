"""``ops002 doctor`` through the real command line, on machines of the stand-in driver."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.command_line import ops002
from tests.standin_nvml.machine import GIB, Card, Listing, Machine, Rule, Slice, Tenant

CONFIG = """
version: 1
device: {device}
scenarios:
  - name: one
    workload: {{kind: command, run: ["true"]}}
    faults: [{{kind: exit, expect: {{exit_code: [1]}}}}]
"""


def configured(folder: Path, device: str) -> Path:
    (folder / "ops002.yml").write_text(CONFIG.format(device=device))
    return folder


def test_a_machine_with_a_free_gpu_is_fit(machine: Machine, tmp_path: Path) -> None:
    machine.have_driver(version="570.86.15")
    machine.put(Card(0, name="NVIDIA L4", total=24 * GIB))

    ended = ops002("doctor", cwd=configured(tmp_path, "cuda"), **machine.environment())

    assert ended.code == 0, ended.out
    assert "gpu driver: version 570.86.15, 1 GPU(s)" in ended.out
    assert "NVIDIA L4, 0 B of 24.0 GiB in use" in ended.out
    assert f"device cuda: cuda:0 = {Card(0).id}" in ended.out
    assert ended.out.endswith("ops002 run can judge here.\n")


def test_without_a_driver_a_gpu_cant_be_judged_and_the_next_step_is_named(
    machine: Machine, tmp_path: Path
) -> None:
    machine.answer(Rule("nvmlInitWithFlags", "NVML_ERROR_DRIVER_NOT_LOADED"))

    ended = ops002("doctor", cwd=configured(tmp_path, "cuda"), **machine.environment())

    assert ended.code == 3
    assert "OBSTACLE  gpu driver: NVML: Driver Not Loaded" in ended.out
    assert "-> NVIDIA's library is here and its kernel driver isn't loaded: load it" in ended.out
    assert ended.out.endswith("ops002 run can't judge here: 1 obstacle(s) above.\n")


def test_without_a_config_the_default_device_is_looked_for(
    machine: Machine, tmp_path: Path
) -> None:
    machine.answer(Rule("nvmlInitWithFlags", "NVML_ERROR_DRIVER_NOT_LOADED"))
    ended = ops002("doctor", cwd=tmp_path, **machine.environment())
    assert ended.code == 3
    assert "no config" in ended.out


def test_a_cpu_needs_no_driver(machine: Machine, tmp_path: Path) -> None:
    machine.answer(Rule("nvmlInitWithFlags", "NVML_ERROR_DRIVER_NOT_LOADED"))
    ended = ops002("doctor", cwd=configured(tmp_path, "cpu"), **machine.environment())
    assert ended.code == 0, ended.out
    assert "note      gpu driver" in ended.out
    assert "host memory: its shares can be read" in ended.out


def test_who_is_on_a_gpu_is_named(machine: Machine, tmp_path: Path) -> None:
    """And since when; what nobody is listed for is told, too."""
    machine.put(Card(0, base=3 * GIB))
    machine.move_in(Tenant(os.getpid(), 10 * GIB))
    ended = ops002("doctor", cwd=configured(tmp_path, "cuda"), **machine.environment())
    assert ended.code == 0
    assert f"(PID {os.getpid()}), 10.0 GiB, running for " in ended.out
    assert "on it: 3.0 GiB that belong to no process that the driver lists" in ended.out


@pytest.mark.parametrize(
    ("card", "device", "expected"),
    [
        pytest.param(Card(0), "cuda:3", (3, "there is no cuda:3"), id="no such device"),
        pytest.param(Card(0, numa=1), "cuda", (3, "can't be judged"), id="coherent memory"),
        pytest.param(
            Card(0, processes=Listing.UNAVAILABLE), "cuda", (0, "0 B of 80.0 GiB"), id="no sizes"
        ),
        pytest.param(Card(0, mig=1, slices=(Slice(0),)), "cuda", (0, "only its slices"), id="MIG"),
    ],
)
def test_kinds_of_gpus(
    machine: Machine, tmp_path: Path, card: Card, device: str, expected: tuple[int, str]
) -> None:
    machine.put(card)
    ended = ops002("doctor", cwd=configured(tmp_path, device), **machine.environment())
    code, words = expected
    assert (ended.code, words in ended.out) == (code, True), ended.out


def test_for_machines_it_is_json_with_the_same_findings(machine: Machine, tmp_path: Path) -> None:
    machine.answer(Rule("nvmlInitWithFlags", "NVML_ERROR_NO_PERMISSION"))
    ended = ops002("doctor", "--json", cwd=configured(tmp_path, "cuda"), **machine.environment())
    document = json.loads(ended.out)
    assert (ended.code, document["fit"]) == (3, False)
    (obstacle,) = [one for one in document["findings"] if one["weight"] == "obstacle"]
    assert obstacle["subject"] == "gpu driver"
    assert "may not ask the driver" in obstacle["remedy"]
