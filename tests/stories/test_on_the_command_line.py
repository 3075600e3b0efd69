"""A few drawn machines through the real command line: its meter, worker and processes too.

What the engine keeps is drawn, so it is known; all other tests of this folder draw far more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.command_line import ops002, read_report
from tests.standin_nvml.machine import MIB, Machine
from tests.test_gpu_corpus import arrange, config_of

assert settings.default is not None
FEW = max(5, settings.default.max_examples // 200)
"""Each takes seconds: processes are started, and memory is waited for in real time."""

TOLERANCE = 64 * MIB
BAND = 4 * MIB
MODEL = 2048 * MIB  # as the corpus's engine has it
NEIGHBOUR = {"pid": 4242, "bytes": 500 * MIB}

_rules = st.fixed_dictionaries(
    {
        "function": st.sampled_from(
            [
                "nvmlDeviceGetMemoryInfo_v2",
                "nvmlDeviceGetMemoryInfo_v2",
                "nvmlDeviceGetMemoryInfo",
                "nvmlDeviceGetComputeRunningProcesses_v3",
                "nvmlDeviceGetGraphicsRunningProcesses_v3",
            ]
        ),
        "code": st.sampled_from(
            [
                "NVML_ERROR_UNKNOWN",
                "NVML_ERROR_GPU_IS_LOST",
                "NVML_ERROR_NO_PERMISSION",
                "NVML_ERROR_FUNCTION_NOT_FOUND",
            ]
        ),
        "first": st.sampled_from([1, 20, 40, 60, 80]),
    },
    optional={"last": st.sampled_from([30, 50, 70])},
)
machines = st.fixed_dictionaries(
    {
        "cards": st.lists(st.just({}), min_size=1, max_size=2),
        "tenants": st.sampled_from([[], [NEIGHBOUR]]),
        "rules": st.lists(_rules, max_size=1),
        "kept": st.sampled_from([0, 0, 200 * MIB, 200 * MIB, 69 * MIB]),
        "given_back": st.sampled_from([0, 0, 200 * MIB]),
        "helper": st.sampled_from([None, None, None, 100 * MIB]),
    }
)


@given(machines)
@settings(max_examples=FEW, derandomize=True)
def test_a_green_run_is_one_that_kept_nothing(nvml_library: Path, drawn: dict[str, Any]) -> None:
    does: dict[str, Any] = {"devices": len(drawn["cards"])}
    if drawn["kept"]:
        does["leak"] = {str(len(drawn["cards"]) - 1): drawn["kept"]}
    if drawn["tenants"] and drawn["given_back"]:
        does["neighbour"] = [NEIGHBOUR["pid"], NEIGHBOUR["bytes"] - drawn["given_back"]]
    if drawn["helper"]:
        does["helper"] = drawn["helper"]  # it outlives the engine
    config = {"device": "cuda:all", "repeat": 1, "settle": {"timeout": "4s", "window": "200ms"}}
    # Of their own, so that no gate that runs beside is waited for.
    cards = [{"uuid": f"GPU-{uuid4()}"} for _ in drawn["cards"]]
    case = {**drawn, "cards": cards, "does": does, "config": config}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        machine = Machine(folder / "machine", nvml_library)
        arrange(machine, case)
        ended = ops002(
            "run", "--config", config_of(case, folder), cwd=folder, **machine.environment()
        )
        report = read_report(folder / "ops002-report")

    assert ended.code in {0, 1, 3}, ended.err
    assert (ended.code == 0) == (report["outcome"] == "pass")
    if ended.code == 0:
        assert drawn["kept"] <= TOLERANCE + BAND
        assert drawn["helper"] is None
        assert all(size in _possible(drawn) for size in _judged(report)), ended.out
    elif not (drawn["rules"] or drawn["kept"] or drawn["helper"] or does.get("neighbour")):
        raise AssertionError(ended.out)


def _judged(report: dict[str, Any]) -> Iterator[int]:
    for trial in report["trials"]:
        for check in trial["checks"]:
            yield check["baseline_bytes"]
            yield check["post_error_bytes"]


def _possible(drawn: dict[str, Any]) -> set[int]:
    """What can have been in use where memory is judged, by either call."""
    theirs = {NEIGHBOUR["bytes"], NEIGHBOUR["bytes"] - drawn["given_back"]}
    others = theirs if drawn["tenants"] else {0}
    # The second card has no neighbour; the older call counts what the driver reserves.
    return {
        model + other + reserved
        for model in (0, MODEL)
        for other in {0, *others}
        for reserved in (0, 512 * MIB)
    }
