"""Every case of the GPU corpus, through the real command line, pynvml and the stand-in driver."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command_line import ops002, read_report
from tests.standin_nvml import driver
from tests.standin_nvml.machine import Card, Listing, Machine, Rule, Slice, Tenant

CORPUS = Path(__file__).parent / "gpu_corpus"
STANDIN_TORCH = Path(__file__).parent / "standin_torch"
CASES = sorted(CORPUS.glob("*/case.yml"))
SERVER = {
    "kind": "server",
    "ready": {"url": "http://127.0.0.1:{port}/health"},
    "healthy": {"url": "http://127.0.0.1:{port}/infer"},
}
EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}


def config_of(case: dict[str, Any], folder: Path) -> Path:
    engine = str(CORPUS / "engines" / case.get("engine", "engine.py"))
    workload: dict[str, Any] = {"kind": "python", "file": engine}
    if "command" in case:
        argvs = {key: [sys.executable, engine, *argv] for key, argv in case["command"].items()}
        workload = {"kind": "command", **argvs}
    if "server" in case:
        workload = {**SERVER, "run": [sys.executable, engine, "{port}"]}
    told = {"ENGINE": json.dumps(case.get("does", {})), **case.get("env", {})}
    if "torch" in case:
        told |= {"PYTHONPATH": f"{STANDIN_TORCH}:{driver.HERE}", "STANDIN_TORCH": case["torch"]}
    document: dict[str, Any] = {
        "version": 1,
        "repeat": 2,
        "control": 1,
        "warmup": 1,
        "retry_inconclusive": 0,
        "settle": {"timeout": "2s", "window": "200ms"},
        "scenarios": [
            {
                "name": "engine",
                "workload": {**workload, "env": told},
                "faults": [case.get("fault", {"kind": "call", "expect": {"match": "boom"}})],
            }
        ],
        **case.get("config", {}),
    }
    file = folder / "ops002.yml"
    file.write_text(json.dumps(document))
    return file


def arrange(machine: Machine, case: dict[str, Any]) -> None:
    for index, card in enumerate(case.get("cards", [{}])):
        slices = tuple(Slice(**part) for part in card.pop("slices", ()))
        listing = Listing[card.pop("processes", "listed").upper()]
        machine.put(Card(index, slices=slices, processes=listing, **card))
    for tenant in case.get("tenants", ()):
        machine.move_in(Tenant(**tenant))
    machine.answer(*(Rule(**rule) for rule in case.get("rules", ())))


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.parent.name)
def test_case_gets_its_outcome_and_reason(file: Path, machine: Machine, tmp_path: Path) -> None:
    case = yaml.safe_load(file.read_text())
    arrange(machine, case)
    config = config_of(case, tmp_path)

    environ = machine.environment(**case.get("environ", {}))
    ended = ops002(
        "run", "--config", config, "--report-dir", tmp_path / "r", cwd=tmp_path, **environ
    )

    report = read_report(tmp_path / "r")
    assert (report["outcome"], report["reason"]) == (case["outcome"], case["reason"]), (
        ended.out + ended.err
    )
    assert ended.code == EXIT_CODES[case["outcome"]] == report["exit_code"]
    checks = [check for trial in report["trials"] for check in trial["checks"]]
    if "device" in case:
        assert case["reason"] in [
            check["reason"] for check in checks if check["device"] == case["device"]
        ]
    if "instrument" in case:
        assert {check["instrument"] for check in checks} == {case["instrument"]}
    for words in case.get("says", ()):
        assert words in " ".join(ended.out.split())
