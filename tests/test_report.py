"""A report says what was measured, and nothing that doesn't follow from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ops002.measurement import Phase, Stage
from ops002.report import ReportRefused, json_schema, judge_again, to_document, to_json
from tests.builders import CPU, MIB, Serving, gate, still
from tests.reports import RESULTS

PASS = RESULTS["pass"]


@pytest.mark.parametrize("name", RESULTS)
def test_a_report_is_valid_by_its_schema(name: str) -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(to_json(RESULTS[name])))


@pytest.mark.parametrize("name", RESULTS)
def test_judging_again_gives_the_same_result(name: str) -> None:
    assert judge_again(to_json(RESULTS[name])) == RESULTS[name]


@pytest.mark.parametrize("name", RESULTS)
def test_a_report_judged_again_is_the_same_report(name: str) -> None:
    text = to_json(RESULTS[name])
    assert to_json(judge_again(text)) == text


def test_the_layout_of_a_report_is_no_part_of_it() -> None:
    assert judge_again(json.dumps(to_document(PASS), sort_keys=True)) == PASS


def test_a_report_has_the_fields_that_must_be_there() -> None:
    report = to_document(PASS)
    assert (report["schema_version"], report["contract"]) == (1, "FALSIFY-OPS-002")
    assert (report["outcome"], report["reason"], report["exit_code"]) == (
        "pass",
        "returned-to-baseline",
        0,
    )
    assert report["digest"].startswith("sha256:")
    assert report["parameters"]["scenarios"][0]["tolerance"] == "64MiB"
    (trial,) = report["trials"]
    assert [check["phase"] for check in trial["checks"]] == ["after-error", "after-exit"]
    assert trial["faults"][0]["settled_bytes"] == {CPU.device: 1000 * MIB}
    assert len(trial["measurement"]["snapshots"]) == 17


def test_different_runs_have_different_digests() -> None:
    digests = {to_document(result)["digest"] for result in RESULTS.values()}
    assert len(digests) == len(RESULTS)


Edit = Callable[[dict[str, Any]], object]

EDITS: dict[str, Edit] = {
    "the outcome of the run": lambda report: report.update(outcome="inconclusive"),
    "the exit code": lambda report: report.update(exit_code=3),
    "the outcome of a trial": lambda report: report["trials"][0].update(outcome="fail"),
    "the reason of a check": lambda report: report["trials"][0]["checks"][0].update(reason="leak"),
    "a delta": lambda report: report["trials"][0]["checks"][0].update(delta_bytes=1),
    "a stake": lambda report: report["trials"][0]["checks"][0].update(at_stake_bytes=None),
    "a tolerance": lambda report: report["trials"][0]["checks"][0].update(tolerance_bytes=1),
    "the order of the checks": lambda report: report["trials"][0]["checks"].reverse(),
    "the order of the faults": lambda report: report["trials"][0]["faults"].reverse(),
    "whether a fault fired": lambda report: report["trials"][0]["faults"][0].update(fired=False),
    "the bytes after a fault": lambda report: report["trials"][0]["faults"][0].update(
        settled_bytes={}
    ),
    "a raw reading": lambda report: report["trials"][0]["measurement"]["snapshots"][3]["readings"][
        0
    ].update(bytes=1000 * MIB + 1),
    "a raw time": lambda report: report["trials"][0]["measurement"]["snapshots"][3].update(
        seconds=0.76
    ),
    "a raw snapshot": lambda report: report["trials"][0]["measurement"]["snapshots"].pop(0),
    "raw evidence": lambda report: report["trials"][0]["measurement"]["faults"][0][
        "evidence"
    ].pop(),
    "a trial": lambda report: report["trials"].pop(),
    "a trial twice": lambda report: report["trials"].append(report["trials"][0]),
    "the digest": lambda report: report.update(digest="sha256:" + "0" * 64),
    "no digest": lambda report: report.update(digest=""),
    "a parameter": lambda report: report["parameters"]["scenarios"][0].update(tolerance="65MiB"),
    "a parameter that isn't known": lambda report: report["parameters"].update(more=1),
    "parameters that mean the same": lambda report: report["parameters"].update(max_duration="60m"),
    "the commit": lambda report: report["environment"]["git"].update(tested_sha="c" * 40),
    "the time": lambda report: report.update(started_at="2026-01-02T03:04:05.679Z"),
    "the version of the tool": lambda report: report["tool"].update(version="9"),
    "an unknown key": lambda report: report.update(note="approved"),
    "an unknown key further in": lambda report: report["trials"][0].update(note=None),
    "an unknown key that claims to be absent": lambda report: report.update(note="(absent)"),
    "another schema version": lambda report: report.update(schema_version=2),
    "another contract": lambda report: report.update(contract="FALSIFY-OPS-003"),
    "a missing key": lambda report: report.pop("environment"),
    "a number as text": lambda report: report.update(exit_code="0"),
    "a boolean as a number": lambda report: report["trials"][0]["faults"][0].update(fired=1),
    "an exit code as a fraction": lambda report: report.update(exit_code=0.0),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_report_is_refused(name: str) -> None:
    report = to_document(PASS)
    EDITS[name](report)
    with pytest.raises(ReportRefused):
        judge_again(json.dumps(report))


def test_reordered_trials_are_refused() -> None:
    report = to_document(RESULTS["two scenarios"])
    report["trials"].reverse()
    with pytest.raises(ReportRefused):
        judge_again(json.dumps(report))


def test_a_red_run_can_not_drop_its_red_trial() -> None:
    report = to_document(RESULTS["two scenarios"])
    report["trials"].pop()
    report.update(outcome="pass", reason="returned-to-baseline", exit_code=0)
    with pytest.raises(ReportRefused):
        judge_again(json.dumps(report))


def test_a_key_given_twice_is_refused() -> None:
    """Another reader may believe the first of them."""
    text = to_json(RESULTS["fail"])
    with pytest.raises(ReportRefused):
        judge_again(text.replace("{", '{"outcome": "pass",', 1))


def test_the_refusal_names_what_does_not_follow() -> None:
    report = to_document(PASS)
    report["trials"][0]["checks"][0]["delta_bytes"] = 12345
    with pytest.raises(
        ReportRefused, match=r"trials\[0\]\.checks\[0\]\.delta_bytes: 12345, derived 0"
    ):
        judge_again(json.dumps(report))


GOOD = to_json(PASS)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("pass", id="no JSON"),
        pytest.param("{}", id="an empty object"),
        pytest.param("[]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param("[" * 100_000, id="nested without end"),
        pytest.param(GOOD[:-3], id="cut off"),
        pytest.param(GOOD + GOOD, id="twice"),
        pytest.param(GOOD.replace('"bytes": 0', '"bytes": NaN', 1), id="not a number"),
        pytest.param(GOOD.replace('"bytes": 0', f'"bytes": {"9" * 5000}', 1), id="many digits"),
        pytest.param(GOOD.replace('"runner"', '"\\ud800"', 1), id="a lone surrogate"),
    ],
)
def test_what_is_no_report_is_refused(text: str) -> None:
    assert text != GOOD
    with pytest.raises(ReportRefused):
        judge_again(text)


@given(st.text(max_size=40) | st.recursive(st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_text_is_a_report_or_refused(text: str) -> None:
    with pytest.raises(ReportRefused):
        judge_again(text)


def test_a_wait_of_no_time_is_reported() -> None:
    """All three readings at one moment: too short to be still, but no reason to fail to report."""
    measurement = Serving().measurement(snapshots=still(Stage.BASELINE, 5))
    assert judge_again(to_json(gate(measurement))).outcome.value == "inconclusive"


def test_a_size_beyond_all_reckoning_is_refused() -> None:
    """It would be implausible, were it not too large to be shown."""
    implausible = gate(Serving(baseline=10**49).measurement())
    assert judge_again(to_json(implausible)).outcome.value != "pass"
    with pytest.raises(ReportRefused, match="digits"):
        judge_again(to_json(gate(Serving(baseline=10**50).measurement())))


def test_a_phase_cant_be_left_out() -> None:
    """What a fault must be judged by follows from the config, not from the report."""
    document = to_document(gate(Serving().measurement(phases=(Phase.AFTER_ERROR,))))
    assert document["outcome"] != "pass"
