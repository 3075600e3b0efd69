"""The JUnit file, as the tools that gather such files read it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given

from ops002.reasons import Outcome
from ops002.reporters.junit import render
from ops002.result import GateResult, counted_trials
from tests.builders import GIB, MIB, Serving, document, gate
from tests.reporters.poison import poisoned, results, words
from tests.reports import RESULTS

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))


@pytest.mark.parametrize("name", RESULTS)
def test_is_what_the_schema_says(name: str) -> None:
    SCHEMA.validate(render(RESULTS[name]))


@given(result=results, word=words)
def test_whatever_things_are_called_it_can_be_read(result: GateResult, word: str) -> None:
    text = render(poisoned(result, word))

    SCHEMA.validate(text)
    plain = ET.fromstring(render(result))
    assert [one.tag for one in ET.fromstring(text).iter()] == [one.tag for one in plain.iter()]


def test_a_suite_per_scenario_and_a_case_per_check() -> None:
    result = RESULTS["two scenarios"]

    suites = ET.fromstring(render(result))

    assert [one.attrib["name"] for one in suites] == ["generate", "other"]
    names = [one.attrib["name"] for one in suites.iter("testcase")]
    assert names == ["oom: after-error on cpu", "oom: after-exit on cpu"] * 2
    assert suites.attrib["tests"] == "4"


def test_a_fail_is_a_failure_with_what_to_do() -> None:
    suites = ET.fromstring(render(gate(Serving(after=2 * GIB).measurement(output_tail=("bye",)))))

    (failure,) = suites.iter("failure")
    assert failure.attrib == {"type": "leak", "message": "leak: +1.0 GiB"}
    assert "Look first for a stored exception" in (failure.text or "")
    assert [one.text for one in suites.iter("system-out")] == ["bye"]


def test_what_was_not_judged_is_an_error() -> None:
    suites = ET.fromstring(render(RESULTS["unreadable"]))

    assert {one.attrib["type"] for one in suites.iter("error")} == {"no-reading"}
    assert not list(suites.iter("failure"))


def test_an_attempt_that_was_repeated_is_left_out() -> None:
    result = gate(
        Serving(evidence=()).measurement(),
        Serving(after=1010 * MIB).measurement(),
        config=document(retry_inconclusive=1),
        attempts=True,
    )
    assert result.outcome is Outcome.PASS

    suites = ET.fromstring(render(result))

    assert suites.attrib["tests"] == str(len(counted_trials(result)[0].checks))
    assert not list(suites.iter("error"))
