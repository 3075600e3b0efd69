"""The quickstart, as ``make demo`` runs it: figures held against what the engine really keeps."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.command_line import ROOT, ops002, read_report

CONFIG = ROOT / "examples" / "quickstart" / "ops002.yml"


def test_the_clean_engine_passes(tmp_path: Path) -> None:
    ended = ops002(
        "run", "--config", CONFIG, "--scenario", "clean", "--report-dir", tmp_path, cwd=ROOT
    )

    assert ended.code == 0, ended.out
    assert read_report(tmp_path)["reason"] == "returned-to-baseline"


def test_the_leaking_engine_fails_with_what_it_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = ops002(
        "run", "--config", CONFIG, "--scenario", "leaking", "--report-dir", tmp_path, cwd=ROOT
    )

    report = read_report(tmp_path)
    assert (ended.code, report["reason"]) == (1, "leak"), ended.out
    trial = report["trials"][0]
    monkeypatch.setattr(sys, "path", [str(CONFIG.parent), *sys.path])
    # The example is on no path that a type checker knows, and on sys.path only now.
    from transformer import cache_bytes  # type: ignore[import-not-found]  # noqa: PLC0415

    sizes = [
        item["value"]
        for fault in trial["faults"]
        for item in fault["evidence"]
        if item["what"] == "size"
    ]
    kept = sum(cache_bytes(size) for size in sizes)
    assert trial["checks"][0]["delta_bytes"] == pytest.approx(kept, rel=0.1)
