"""``ops002 doctor`` through the real command line, on machines of the stand-in driver."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ops002.diagnosis import of_system
from tests.command_line import ops002
from tests.standin_nvml.machine import GIB, MIB, Card, Listing, Machine, Rule, Slice, Tenant

CONFIG = """
version: 1
device: {device}
exclusive: {exclusive}
scenarios:
  - name: one
    workload: {{kind: command, run: ["true"]}}
    faults: [{{kind: exit, expect: {{exit_code: [1]}}}}]
"""


def configured(folder: Path, device: str, *, exclusive: bool = False) -> Path:
    asked = "true" if exclusive else "false"
    (folder / "ops002.yml").write_text(CONFIG.format(device=device, exclusive=asked))
    return folder


def said(machine: Machine, folder: Path, device: str = "cuda", **keys: bool) -> tuple[int, str]:
    """The exit code and the output of the doctor."""
    ended = ops002("doctor", cwd=configured(folder, device, **keys), **machine.environment())
    return ended.code, ended.out


def obstacles(text: str) -> list[str]:
    """What is an obstacle, with its remedy if there is one."""
    lines = text.splitlines()
    return [
        " ".join(line.strip() for line in lines[at : at + 2])
        for at, line in enumerate(lines)
        if line.startswith("OBSTACLE")
    ]


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
    assert "device: cpu needs no GPU" in ended.out


def test_a_config_that_a_run_would_refuse_is_an_obstacle(machine: Machine, tmp_path: Path) -> None:
    machine.put(Card(0))
    (tmp_path / "ops002.yml").write_text("version: 1\nscenario: []\n")
    ended = ops002("doctor", cwd=tmp_path, **machine.environment())
    assert ended.code == 3
    (obstacle,) = obstacles(ended.out)
    assert "config: ops002.yml:" in obstacle
    assert obstacle.endswith("-> ops002 check-config")


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


UNLISTED = tuple(
    Rule(f"nvmlDeviceGet{kind}RunningProcesses_v3", "NVML_ERROR_NOT_SUPPORTED")
    for kind in ("Compute", "Graphics", "MPSCompute")
)


def test_whom_an_exclusive_run_would_refuse_is_an_obstacle(
    machine: Machine, tmp_path: Path
) -> None:
    machine.put(Card(0))
    assert said(machine, tmp_path, exclusive=True)[0] == 0
    machine.move_in(Tenant(4242, 100 * MIB))
    code, text = said(machine, tmp_path, exclusive=True)
    (obstacle,) = obstacles(text)
    assert code == 3
    assert "(PID 4242" in obstacle
    assert "on cuda:0, and exclusive is asked for -> end them" in obstacle


@pytest.mark.parametrize(("base", "code"), [(512 * MIB, 0), (512 * MIB + 1, 3)])
def test_memory_that_nobody_can_explain_is_an_obstacle(
    machine: Machine, tmp_path: Path, base: int, code: int
) -> None:
    machine.put(Card(0, base=base))
    machine.answer(*UNLISTED)
    found, text = said(machine, tmp_path)
    assert (found, len(obstacles(text))) == (code, code // 3), text
    assert "per-process figures: no (the driver lists no processes" in text
    assert "docker run --pid=host" in text


def test_without_sizes_a_neighbour_is_an_obstacle(machine: Machine, tmp_path: Path) -> None:
    machine.put(Card(0, processes=Listing.UNAVAILABLE))
    machine.move_in(Tenant(4242, 100 * MIB))
    code, text = said(machine, tmp_path)
    assert (code, len(obstacles(text))) == (3, 1)
    assert "per-process figures: no (the driver lists processes and doesn't say" in text


@pytest.mark.parametrize(("device", "code"), [("cuda:1", 3), ("cuda:0", 0)])
def test_a_wanted_gpu_that_cant_be_read_is_an_obstacle(
    machine: Machine, tmp_path: Path, device: str, code: int
) -> None:
    machine.put(Card(0), Card(1))
    machine.answer(Rule("nvmlDeviceGetMemoryInfo_v2", "NVML_ERROR_GPU_IS_LOST", card="1"))
    found, text = said(machine, tmp_path, device)
    assert found == code, text
    assert ["--gpu-reset" in one for one in obstacles(text)] == [True] * (code // 3)


def test_of_a_kind_that_cant_be_told_nothing_is_judged(machine: Machine, tmp_path: Path) -> None:
    machine.put(Card(0))
    machine.answer(Rule("nvmlDeviceGetNumaNodeId", "NVML_ERROR_UNKNOWN"))
    code, text = said(machine, tmp_path)
    assert code == 3
    assert "whether its memory is its own can't be told" in obstacles(text)[0]


PROHIBITED, EXCLUSIVE = 2, 3


def test_a_card_that_no_program_may_use_is_an_obstacle(machine: Machine, tmp_path: Path) -> None:
    machine.put(Card(0, compute_mode=PROHIBITED))
    code, text = said(machine, tmp_path)
    assert code == 3
    assert f"-> sudo nvidia-smi -i {Card(0).id} -c DEFAULT" in obstacles(text)[0]


def test_a_card_for_one_process_is_an_obstacle_once_it_has_one(
    machine: Machine, tmp_path: Path
) -> None:
    machine.put(Card(0, compute_mode=EXCLUSIVE))
    machine.move_in(Tenant(77, MIB, kind="graphics"))
    code, text = said(machine, tmp_path)
    assert (code, obstacles(text)) == (0, [])
    assert "a workload of several processes fails" in text
    machine.move_in(Tenant(4242, 100 * MIB))
    code, text = said(machine, tmp_path)
    assert (code, len(obstacles(text))) == (3, 1)
    assert "(PID 4242), 100 MiB has it" in text


def test_the_settings_of_a_card_are_told_with_what_to_do(machine: Machine, tmp_path: Path) -> None:
    machine.put(Card(0, persistence=0, virtualization=2))
    machine.move_in(Tenant(4242, MIB, kind="mps"))
    code, text = said(machine, tmp_path)
    assert code == 0, text
    assert f"-> sudo nvidia-smi -i {Card(0).id} -pm 1" in text
    assert "a vGPU" in text
    assert "-> stop it before a run: echo quit | nvidia-cuda-mps-control" in text
    assert "per-process figures: yes" in text


def test_a_card_of_which_nothing_is_special_has_no_note(machine: Machine, tmp_path: Path) -> None:
    machine.put(Card(0))
    _, text = said(machine, tmp_path)
    assert [line for line in text.splitlines() if "GPU-" in line and "note" in line] == []


def test_slices_are_listed(machine: Machine, tmp_path: Path) -> None:
    card = Card(0, mig=1, slices=(Slice(0, gpu_instance=1), Slice(1, gpu_instance=2, base=MIB)))
    machine.put(card)
    code, text = said(machine, tmp_path)
    assert code == 0, text
    assert "1 GPU(s), 2 MIG slice(s)" in text
    for part in card.slices:
        assert f"{card.slice_id(part)}: " in text
    assert f"a slice of {card.id}, 1.0 MiB of 10.0 GiB in use" in text


@pytest.mark.parametrize(
    ("release", "told"),
    [("5.15.167.4-microsoft-standard-WSL2", True), ("6.1.0-18-amd64", False)],
)
def test_under_wsl_nobody_tells_whose_memory_it_is(release: str, *, told: bool) -> None:
    assert [finding.words[:4] for finding in of_system(release)] == ["WSL:"] * told


@pytest.mark.parametrize(
    ("container", "weight", "code"),
    [("", "note ", 0), ("    container: {image: engine}\n", "OBSTACLE ", 3)],
    ids=["on this machine", "in a container"],
)
def test_engine_that_does_not_answer_matters_where_one_is_needed(
    tmp_path: Path, container: str, weight: str, code: int
) -> None:
    text = CONFIG.format(device="cpu", exclusive="false")
    (tmp_path / "ops002.yml").write_text(text.replace("    workload:", f"{container}    workload:"))
    nowhere = f"unix://{tmp_path}/nobody.sock"

    ended = ops002("doctor", cwd=tmp_path, DOCKER_HOST=nowhere)

    (line,) = [line for line in ended.out.splitlines() if "docker: " in line]
    assert line.startswith(weight)
    assert f"no Docker engine answers at {nowhere}" in line
    assert ended.code == code, ended.out
