"""Every case of the corpus through the real command line."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ops002.report import json_schema
from tests.command_line import ROOT, Ended, ops002, processes_started_with, read_report
from tests.corpus_case import Case, cases

EXIT_CODES = {"pass": 0, "fail": 1, "inconclusive": 3}
SHARED_MEMORY = Path("/dev/shm")
SYSTEM_V_KEY = 0x0B5002  # of fail/system_v_segment_left.py
IPC_RMID = 0


@pytest.fixture(autouse=True)
def _no_segments_left() -> Iterator[None]:
    """Segments that a case leaves on purpose don't outlive its test."""
    yield
    for segment in SHARED_MEMORY.glob("ops002-corpus-*"):
        segment.unlink()
    for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
        key, number = (int(field) for field in line.split()[:2])
        if key == SYSTEM_V_KEY:
            ctypes.CDLL(None).shmctl(number, IPC_RMID, None)


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.outcome}/{case.file.stem}")
def test_case_gets_its_outcome_and_reason(case: Case, tmp_path: Path) -> None:
    mark = str(tmp_path)
    config = case.write_config(tmp_path)

    ended = ops002("run", "--config", config, "--report-dir", tmp_path / "r", CORPUS_CASE=mark)

    report = read_report(tmp_path / "r")
    assert (report["outcome"], report["reason"]) == (case.outcome, case.reason), ended.out
    assert ended.code == EXIT_CODES[case.outcome] == report["exit_code"]
    assert case.reason in ended.out
    assert_harmless(ended, report)
    Draft202012Validator(json_schema()).validate(report)
    assert processes_started_with("CORPUS_CASE", mark) == []
    if case.line_of_point is not None:
        [trial] = report["trials"]
        worst = next(one for one in trial["holders"] if one["kind"] == "point")
        assert (Path(worst["file"]).name, worst["line"]) == (case.file.name, case.line_of_point)

    if case.retained_bytes is not None:
        check = next(
            check
            for trial in report["trials"]
            for check in trial["checks"]
            if check["reason"] == case.reason
        )
        assert check["delta_bytes"] == pytest.approx(case.retained_bytes, rel=0.1)

    if case.holder is not None:
        holder = report["trials"][0]["holders"][0]
        assert (holder["kind"], holder["source"]) == (case.holder.kind, "workload")
        assert case.holder.name in holder["name"]
        assert (ROOT / holder["file"], holder["line"]) == (case.holder.file, case.holder.line)
        # Most of what is retained, not some of it.
        assert holder["bytes"] > report["trials"][0]["checks"][0]["delta_bytes"] / 2


def assert_harmless(ended: Ended, report: dict[str, Any]) -> None:
    """Nothing that a workload says, or is called, reaches a terminal or a CI runner as it came."""
    lines = [*ended.out.splitlines(), *ended.err.splitlines()]
    assert "Traceback" not in ended.err
    assert [line for line in lines if not line.isprintable()] == []
    assert [line for line in lines if line.lstrip().startswith("::") or "##[" in line] == []
    assert [text for text in texts_in(report) if not text.isprintable()] == []


def texts_in(document: Any) -> Iterator[str]:
    """Every text of a document, the keys among them."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from texts_in(value)
    elif isinstance(document, list):
        for item in document:
            yield from texts_in(item)


def test_every_leak_has_its_clean_twin() -> None:
    by_path = {f"{case.outcome}/{case.file.name}": case for case in cases()}
    for path, case in by_path.items():
        text = case.file.read_text()
        if case.reason in {"leak", "survivors", "held-until-gc", "not-serving"}:
            named = [
                other
                for other in by_path
                if other in text or path in by_path[other].file.read_text()
            ]
            assert any(other.startswith("pass/") for other in named), f"{path} has no clean twin"
