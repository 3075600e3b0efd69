"""All views of a step are of one value: none of them can say something else than another."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.measurement import Measurement
from ops002.reasons import Outcome
from ops002.report import to_document
from ops002.reporters import check_run, console, junit, step, summary
from ops002.reporters.annotations import Level
from ops002.reporters.check_run import Conclusion
from ops002.reporters.places import Place, Places
from ops002.reporters.step import Cause, not_judged, of_result
from ops002.result import EXIT_BUG, GateResult, counted_trials
from tests.builders import document, gate, scenario_document
from tests.reporters.poison import poisoned, results, words
from tests.reports import RESULTS
from tests.strategies import measurements

PLACES = Places(config="ops002.yml", scenarios={"generate": Place("ops002.yml", 7)})
RED = {Outcome.FAIL: "failure", Outcome.INCONCLUSIVE: "error"}


def assert_agreed(result: GateResult) -> None:
    ending = of_result(result, "/report.json", PLACES, gates=True)
    word, reason = result.outcome.value, result.reason.value
    passed = result.outcome is Outcome.PASS

    document_of = to_document(result)
    assert (document_of["outcome"], document_of["reason"]) == (word, reason)
    assert ending.code == document_of["exit_code"] == result.exit_code
    assert (ending.code == 0) == passed
    assert (ending.outputs["verdict"], ending.outputs["reason"]) == (word, reason)
    verdict, *others = ending.annotations
    assert f"{word} {reason}" in verdict.title
    assert (verdict.level is Level.NOTICE) == passed
    assert not (passed and others)
    assert (ending.check.conclusion is Conclusion.SUCCESS) == passed
    assert ending.check.conclusion is not Conclusion.NEUTRAL
    assert word.upper() in ending.summary.splitlines()[0]
    assert ending.log.splitlines()[-1].startswith(f"{word.upper()} ")
    assert ending.junit is not None
    cases = ET.fromstring(ending.junit)
    reds = {one: len(cases.findall(f".//{tag}")) for one, tag in RED.items()}
    assert (sum(reds.values()) == 0) == passed
    assert (int(cases.attrib["failures"]), int(cases.attrib["errors"])) == tuple(reds.values())
    if not passed:
        assert reds[result.outcome] > 0


@pytest.mark.parametrize("name", RESULTS)
def test_all_views_agree(name: str) -> None:
    assert_agreed(RESULTS[name])


@given(measured=st.lists(measurements, max_size=2))
def test_all_views_agree_on_whatever_was_measured(measured: list[Measurement]) -> None:
    scenarios = [scenario_document(name=f"s{number}") for number in range(max(1, len(measured)))]
    assert_agreed(gate(*measured, config=document(*scenarios)))


@given(result=results, word=words)
def test_all_views_agree_whoever_names_things(result: GateResult, word: str) -> None:
    assert_agreed(poisoned(result, word))


@pytest.mark.parametrize("name", RESULTS)
def test_what_does_not_gate_is_never_red_nor_green_by_mistake(name: str) -> None:
    result = RESULTS[name]

    ending = of_result(result, "", PLACES, gates=False)

    assert ending.code == (0 if result.exit_code in {0, 1, 3} else result.exit_code)
    assert ending.outputs["verdict"] == result.outcome.value
    assert Level.FAILURE not in {one.level for one in ending.annotations}
    expected = Conclusion.SUCCESS if result.outcome is Outcome.PASS else Conclusion.NEUTRAL
    assert ending.check.conclusion is expected
    for text in (ending.summary, ending.check.title, ending.annotations[0].title):
        assert "does not gate" in text


VIEWS = {
    "log": (console, "render"),
    "summary": (summary, "render"),
    "check run": (check_run, "render"),
    "JUnit file": (junit, "render"),
    "annotations": (step, "annotated"),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", ["pass", "fail", "unreadable"])
@pytest.mark.parametrize("gates", [True, False])
def test_a_view_that_cant_be_made_is_red(
    monkeypatch: pytest.MonkeyPatch, view: str, name: str, *, gates: bool
) -> None:
    def broken(*_args: object, **_keys: object) -> str:
        raise KeyError("gone")

    monkeypatch.setattr(*VIEWS[view], broken)

    ending = of_result(RESULTS[name], "/r", PLACES, gates=gates)

    green = name == "pass"
    assert ending.code == (EXIT_BUG if green or not gates else RESULTS[name].exit_code)
    assert ending.outputs["verdict"] == ("inconclusive" if green else RESULTS[name].outcome.value)
    assert any(view in one.message and "KeyError" in one.message for one in ending.annotations)
    assert all(one.level is not Level.NOTICE for one in ending.annotations)
    assert ending.check.conclusion is Conclusion.FAILURE
    assert "PASS" not in ending.summary + ending.log


def test_each_problem_stands_on_its_line() -> None:
    problems = [(f"problem {number}", Place("ops002.yml", number + 1)) for number in range(12)]

    ending = not_judged(Cause(code=2, reason="config-error", problems=problems), gates=True)

    *shown, last = ending.annotations
    assert [one.place for one in shown] == [Place("ops002.yml", number) for number in range(1, 10)]
    assert "and 3 more" in last.message
    assert ending.code == 2
    assert (ending.outputs["verdict"], ending.outputs["reason"]) == ("inconclusive", "config-error")
    assert ending.check.conclusion is Conclusion.FAILURE
    assert "problem 11" in ending.summary
    assert len(ending.check.annotations) == 9


@pytest.mark.parametrize(("code", "expected"), [(2, 2), (3, 0), (70, 70), (143, 143)])
def test_without_gating_only_what_may_be_red_is_not(code: int, expected: int) -> None:
    cause = Cause(code=code, reason="workload-failed", problems=[("no engine", None)])

    ending, gate = not_judged(cause, gates=False), not_judged(cause, gates=True)

    assert (ending.code, gate.code) == (expected, code)
    assert gate.check.conclusion is Conclusion.FAILURE
    red = ending.code != 0
    assert (ending.check.conclusion is Conclusion.FAILURE) == red
    assert {one.level for one in ending.annotations} == {Level.FAILURE if red else Level.WARNING}
    for text in (ending.summary, ending.check.summary):
        assert ("so this is red" in text) == red
        assert ("does not gate" in text) == (not red)


def test_worst_delta_is_signed_and_of_the_attempts_that_count() -> None:
    outputs = of_result(RESULTS["fail"], "/r", PLACES, gates=True).outputs

    deltas = [
        check.delta_bytes or 0
        for trial in counted_trials(RESULTS["fail"])
        for check in trial.checks
    ]
    assert int(outputs["worst_delta_bytes"]) == max(deltas, key=abs) > 0
    assert (
        of_result(RESULTS["unreadable"], "", PLACES, gates=True).outputs["worst_delta_bytes"] == ""
    )
