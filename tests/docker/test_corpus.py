"""Cases of the corpus, with their workload in a container: they come to the same."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest

from tests.command_line import ROOT, ops002, processes_started_with, read_report
from tests.corpus_case import Case, cases
from tests.docker.engine import left_on_engine, run

WHOLE = "OPS002_WHOLE_CORPUS" in os.environ
SAMPLED = 11  # every eleventh: a dozen
# A pytest that a case runs loads these tests' own settings, and what those need.
NEEDS = {
    "torch": ("torch",),
    "Decoder": ("torch",),
    "numpy": ("numpy",),
    "pytest": ("pytest", "hypothesis"),
}
# A container's System V segments are in a namespace of its own, and end with it.
APART = {"system_v_segment_left"}
CASES = [case for case in cases() if case.file.stem not in APART][:: 1 if WHOLE else SAMPLED]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.outcome}/{case.file.stem}")
def test_case_comes_to_the_same_in_a_container(
    case: Case, workload_image: str, tmp_path: Path
) -> None:
    imported = [name for name in NEEDS if f"import {name}" in case.file.read_text()]
    needed = [module for name in imported for module in NEEDS[name]]
    missing = [module for module in needed if not has(workload_image, module)]
    if missing:
        pytest.skip(f"no {', '.join(missing)} in the image that OPS002_WORKLOAD_IMAGE names")
    mark = str(tmp_path)
    run_of = mark.replace("/", "-")
    contained = case.contained(workload_image, {"CORPUS_CASE": mark})

    ended = ops002(
        "run",
        "--config",
        contained.write_config(tmp_path),
        "--report-dir",
        tmp_path / "r",
        cwd=ROOT,
        OPS002_RUN=run_of,
    )

    report = read_report(tmp_path / "r")
    assert (report["outcome"], report["reason"]) == (case.outcome, case.reason), (
        ended.out + ended.err
    )
    assert processes_started_with("CORPUS_CASE", mark) == []
    assert left_on_engine(f"ops002.run={run_of}") == []


@functools.cache
def has(image: str, module: str) -> bool:
    """Whether an image's Python has a module."""
    tried = run("-c", f"import {module}", options=("--entrypoint", "python3"), image=image)
    return tried.code == 0
