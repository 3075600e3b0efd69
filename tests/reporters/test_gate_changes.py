"""A pull request that changes its own gate: said wherever its verdict is."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pytest

from ops002.reporters import check_run, summary
from ops002.reporters.annotations import MOST, Level, render
from ops002.reporters.places import Place, Places
from ops002.result import GateResult
from tests.builders import document, gate, scenario_document
from tests.reports import RESULTS

PLACES = Places(config="ops002.yml")


def with_changes(result: GateResult, *files: str) -> GateResult:
    git = replace(result.environment.git, gate_changes=files)
    return replace(result, environment=replace(result.environment, git=git))


@pytest.mark.parametrize("name", RESULTS)
def test_is_said_after_the_verdict(name: str) -> None:
    result = with_changes(RESULTS[name], "engine.py", "b.yml")

    found = render(result, PLACES, gates=True)
    check = check_run.render(result, PLACES, gates=True)

    assert found[0] == render(RESULTS[name], PLACES, gates=True)[0]
    assert found[1].level is Level.WARNING
    assert found[1].place == Place("engine.py", 1)
    assert "changes its own gate: engine.py, b.yml" in found[1].message
    assert "changes its own gate: engine.py, b.yml" in unescape(check.summary)
    assert check.annotations[1].path == "engine.py"


@pytest.mark.parametrize("files", [(), None])
def test_nothing_is_said_where_nothing_is_known(files: tuple[str, ...] | None) -> None:
    git = replace(RESULTS["pass"].environment.git, gate_changes=files)
    result = replace(RESULTS["pass"], environment=replace(RESULTS["pass"].environment, git=git))

    assert len(render(result, PLACES, gates=True)) == 1
    assert "own gate" not in summary.render(result, PLACES, gates=True)
    told = "of them changed | `unknown`" if files is None else "of them changed | `none`"
    assert told in summary.render(result, PLACES, gates=True)


def test_takes_the_place_of_no_verdict() -> None:
    scenarios = [scenario_document(name=f"n{number}") for number in range(MOST + 5)]
    result = with_changes(gate(config=document(*scenarios)), "x.py")

    assert len(render(result, PLACES, gates=True)) <= MOST
