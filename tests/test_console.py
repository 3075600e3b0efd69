"""The result at a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given

from ops002.config.parameters import resolved
from ops002.config.resolved import parse
from ops002.measurement import IncidentKind, MeasuredTrial, Measurement
from ops002.reasons import Outcome
from ops002.reporters.console import render
from ops002.result import GateResult, gate_result
from ops002.wording.result import headline
from tests.builders import GIB, MIB, Serving, document, gate, incident, made, scenario_document
from tests.strategies import measurements

ESCAPE = "\x1b"

RESULTS: dict[Outcome, GateResult] = {
    Outcome.PASS: gate(Serving().measurement()),
    Outcome.FAIL: gate(Serving(after=2 * GIB).measurement(output_tail=("line 1", "line 2"))),
    Outcome.INCONCLUSIVE: gate(Serving(evidence=()).measurement()),
}


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_shown_with_its_headline_last(outcome: Outcome) -> None:
    result = RESULTS[outcome]
    assert result.outcome is outcome
    *_, last = render(result, colour=False).splitlines()
    assert last == headline(result)


@pytest.mark.parametrize("outcome", Outcome)
def test_without_colour_there_is_no_escape_code(outcome: Outcome) -> None:
    assert ESCAPE not in render(RESULTS[outcome], colour=False)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(Outcome.PASS, "32"), (Outcome.FAIL, "31"), (Outcome.INCONCLUSIVE, "33")],
)
def test_with_colour_the_headline_has_that_of_its_outcome(outcome: Outcome, code: str) -> None:
    *_, last = render(RESULTS[outcome], colour=True).splitlines()
    assert last.startswith(f"{ESCAPE}[1;{code}m")


def test_the_figures_of_each_check_are_shown() -> None:
    text = render(gate(Serving(after=1010 * MIB).measurement()), colour=False)
    (alive,) = (line for line in text.splitlines() if "after-error" in line)
    for figure in ("1000 MiB", "1010 MiB", "+10.0 MiB", "64.0 MiB", "600 MiB"):
        assert figure in alive
    assert "after-exit" in text


def test_a_long_name_does_not_cut_the_figures_off() -> None:
    config = document(scenario_document(name="n" * 100))
    text = render(gate(Serving(after=1010 * MIB).measurement(), config=config), colour=False)
    assert "+10.0 MiB" in text
    assert "pass returned-to-baseline" in text


def test_what_was_not_measured_is_said_to_be() -> None:
    text = render(gate(Serving().measurement(snapshots=())), colour=False)
    assert "not measured" in text


def test_markup_in_names_is_printed_as_it_is() -> None:
    name = "[red]x[/red] :smile: [link=http://x]y[/]"
    config = document(scenario_document(name=name))
    measurement = Serving(evidence=()).measurement(output_tail=("[bold]loud[/bold]",))
    text = render(gate(measurement, config=config), colour=False)
    assert text.count(name) >= 3  # the table, the paragraph's heading, the headline
    assert "[bold]loud[/bold]" in text


def test_the_end_of_its_output_is_shown_for_a_red_trial_only() -> None:
    tail = tuple(f"line {number}." for number in range(20))
    red = render(gate(Serving(after=0).measurement(output_tail=tail)), colour=False)
    green = render(gate(Serving().measurement(output_tail=tail)), colour=False)
    assert "| line 10." in red
    assert "line 9." not in red
    assert "line 19." not in green


def test_a_run_without_a_trial_is_its_headline_alone() -> None:
    result = gate(incidents=(incident(IncidentKind.INTERRUPTED, "the gate got SIGINT", 2),))
    assert render(result, colour=False) == f"{headline(result)}\n"


@given(measurements)
def test_any_result_can_be_shown(measurement: Measurement) -> None:
    assert render(gate(measurement), colour=True)


def test_of_an_attempt_that_was_tried_again_only_the_figures_are_shown() -> None:
    unsure, green = Serving(evidence=()).measurement(), Serving().measurement()
    config = parse(document(retry_inconclusive=1), {})
    measured = [
        MeasuredTrial(scenario=0, fault=0, attempt=number, measurement=measurement)
        for number, measurement in ((1, unsure), (2, green))
    ]

    shown = render(gate_result(config, resolved(config), measured, [], made()), colour=False)

    assert "fault-not-fired" in shown
    assert "pass returned-to-baseline (attempt 2)" in shown
    assert "The failure did not happen" not in shown
