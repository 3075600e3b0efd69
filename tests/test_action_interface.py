"""action.yml, the README, the code and the command line name the same inputs and outputs."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from ops002.cli import _parser
from ops002.config.schema import ConfigText
from ops002.github import inputs
from ops002.github.inputs import Inputs, read_inputs
from ops002.reporters.places import Places
from ops002.reporters.step import Cause, not_judged, of_result
from tests.command_line import ROOT
from tests.reports import RESULTS

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
README = (ROOT / "README.md").read_text("utf-8")
ON_THE_COMMAND_LINE = {
    "config": "--config",
    "scenario": "--scenario",
    "device": "--device",
    "tolerance": "--tolerance",
    "report_dir": "--report-dir",
    "mounts": "--mount",
}
IN_THE_CONFIG = {"device", "tolerance"}


def rows(heading: str) -> dict[str, str]:
    """The table that begins with this heading in the README: first column and the rest."""
    table = README[README.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    found = [re.fullmatch(r"\| `([a-z_]+)` \| (.+) \|", line) for line in table]
    assert all(found), table
    return {one[1]: one[2] for one in found if one}


def test_inputs_are_the_same_everywhere() -> None:
    declared = set(ACTION["inputs"])

    assert declared == {name.lower() for name in inputs._ALLOWED}
    assert declared == set(rows("input"))
    assert set(ON_THE_COMMAND_LINE) <= declared


def test_outputs_are_the_same_everywhere() -> None:
    cause = Cause(code=2, reason="config-error", problems=[])
    declared = list(ACTION["outputs"])

    assert declared == list(of_result(RESULTS["pass"], "", Places(), gates=True).outputs)
    assert declared == list(not_judged(cause, gates=True).outputs)
    assert declared == list(rows("output"))


def test_an_input_left_out_can_be_told_from_one_that_is_given() -> None:
    """A default in action.yml would win over the config."""
    given = {name: one["default"] for name, one in ACTION["inputs"].items()}

    assert {name: value for name, value in given.items() if value} == {
        "token": "${{ github.token }}"
    }
    nothing = {f"INPUT_{name.upper()}": "" for name in given}
    assert read_inputs(nothing) == read_inputs({})
    assert isinstance(read_inputs(nothing), Inputs)


def test_what_the_config_can_say_too_has_its_name() -> None:
    assert set(ConfigText.model_json_schema()["properties"]) >= IN_THE_CONFIG


@pytest.mark.parametrize("option", ON_THE_COMMAND_LINE.values())
def test_the_command_line_has_it_as_well(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parser().parse_args(["run", "--help"])

    assert option in capsys.readouterr().out
