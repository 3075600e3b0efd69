"""What is planned, what contradicts itself, and many problems at once."""

from __future__ import annotations

import pytest

from ops002.config.problems import Problem, dotted
from tests.configs import PYTHON, SERVER, places, problems

PLANNED = {
    "a server's oom": SERVER.replace("{kind: kill}", "{kind: oom}"),
}


@pytest.mark.parametrize("name", PLANNED)
def test_what_is_planned_is_refused_and_not_ignored(name: str) -> None:
    assert any("not implemented yet" in told for told in problems(PLANNED[name]))


def test_names_of_scenarios_must_differ() -> None:
    twice = PYTHON + PYTHON.partition("scenarios:\n")[2]
    (told,) = problems(twice)
    assert told.startswith("f.yml:9: scenarios[1].name: ")
    assert "line 4" in told


def test_all_problems_are_told_at_once_and_in_the_order_of_the_file() -> None:
    text = """\
version: 2
tolerance: 8GiB
repeat: 0
scenarios:
  - name: a
    workload: {kind: python, flie: a.py}
    faults: [call, oomm]
  - name: a
    workload: {kind: command, run: []}
    faults: []
    warmup: 0
"""
    assert places(text) == [
        (1, "version"),
        (2, "tolerance"),
        (3, "repeat"),
        (6, "scenarios[0].workload.file"),
        (6, "scenarios[0].workload.flie"),
        (7, "scenarios[0].faults[0].expect"),
        (7, "scenarios[0].faults[1]"),
        (8, "scenarios[1].name"),
        (9, "scenarios[1].workload.run"),
        (10, "scenarios[1].faults"),
        (11, "scenarios[1].warmup"),
    ]


def test_a_path_is_written_as_people_write_it() -> None:
    assert dotted(("scenarios", 0, "workload", "file")) == "scenarios[0].workload.file"
    assert dotted(()) == ""


def test_a_problem_with_no_path_is_told_by_its_line() -> None:
    assert Problem(3, "", "wrong").render("f.yml") == "f.yml:3: wrong"
