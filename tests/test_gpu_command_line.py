"""GPUs on the command line: what the report says of them, and one gate at a time."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.command_line import command, environment, ops002, read_report
from tests.standin_nvml.machine import GIB, Card, Machine, Tenant

ENGINE = Path(__file__).parent / "gpu_corpus" / "engines" / "engine.py"


def write_config(folder: Path, **does: object) -> Path:
    document: dict[str, Any] = {
        "version": 1,
        "repeat": 1,
        "control": 1,
        "settle": {"timeout": "5s", "window": "200ms"},
        "scenarios": [
            {
                "name": "engine",
                "workload": {
                    "kind": "python",
                    "file": str(ENGINE),
                    "env": {"ENGINE": json.dumps(does)},
                },
                "faults": [{"kind": "call", "expect": {"match": "boom"}}],
            }
        ],
    }
    folder.mkdir(exist_ok=True)
    (folder / "ops002.yml").write_text(json.dumps(document))
    return folder


def test_the_report_says_what_was_measured_and_who_was_there(
    machine: Machine, tmp_path: Path
) -> None:
    machine.have_driver(version="570.86.15")
    machine.put(Card(0, name="NVIDIA L4", total=24 * GIB))
    machine.move_in(Tenant(os.getpid(), GIB))
    folder = write_config(tmp_path)

    ended = ops002("run", cwd=folder, **machine.environment())
    assert ended.code == 0
    assert f"(PID {os.getpid()}), 1.0 GiB, running for " in ended.out

    report = read_report(folder / "ops002-report")
    assert report["environment"]["driver"] == "570.86.15"
    assert report["environment"]["devices"][1:] == [
        {"id": "cuda:0", "name": "NVIDIA L4", "uuid": Card(0).id, "total_bytes": 24 * GIB}
    ]
    trial = report["trials"][-1]  # on a busy machine the first attempt may not settle
    owners = {
        (part["owner"], part["device"])
        for snapshot in trial["measurement"]["snapshots"]
        for part in snapshot["processes"]
    }
    assert owners == {("workload", "cuda:0"), ("other", "cuda:0")}
    assert ops002("judge", folder / "ops002-report" / "ops002-report.json").code == 0


def test_a_second_gate_waits_for_the_first(machine: Machine, tmp_path: Path) -> None:
    machine.put(Card(0, uuid=f"GPU-{uuid4()}"))  # nobody else's, whatever runs beside
    slow, quick = write_config(tmp_path / "slow", slow=1), write_config(tmp_path / "quick")
    with subprocess.Popen(
        command("run"),
        cwd=slow,
        env=environment(**machine.environment()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as first:
        assert first.stderr is not None
        assert first.stderr.readline() == "trying engine: call\n"
        second = ops002("run", cwd=quick, **machine.environment())
        assert first.wait() == 0

    assert second.code == 0, second.out
    assert "another ops002 is measuring there" in second.err


def test_the_device_option_overrides_the_config(machine: Machine, tmp_path: Path) -> None:
    machine.put(Card(0), Card(1))
    folder = write_config(tmp_path)

    ops002("run", "--device", "cuda:1", cwd=folder, **machine.environment())

    (trial,) = read_report(folder / "ops002-report")["trials"]
    assert {check["device"] for check in trial["checks"]} == {"cuda:1"}
