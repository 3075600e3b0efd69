"""Annotations: the verdict first, where it belongs, and only as many as are shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from ops002.holders import Holder, HolderKind
from ops002.measurement import Source
from ops002.reasons import Outcome
from ops002.reporters.annotations import MOST, MOST_CHARACTERS, Level, render
from ops002.reporters.places import Place, Places
from ops002.result import GateResult
from ops002.wording.advice import ADVICE
from ops002.wording.result import headline
from tests.builders import GIB, Exiting, Serving, document, gate, scenario_document
from tests.reporters.poison import poisoned, results, words
from tests.reports import RESULTS

CONFIG = ".github/ops002.yml"
PLACES = Places(config=CONFIG, scenarios={"generate": Place(CONFIG, 7), "other": Place(CONFIG, 12)})
LEAK = gate(Serving(after=2 * GIB).measurement())


def held_at(file: str | None, line: int | None) -> GateResult:
    """A leak that an object keeps, allocated on this line."""
    holder = Holder(
        kind=HolderKind.OBJECT,
        source=Source.WORKLOAD,
        bytes=GIB,
        pid=None,
        name="cache",
        file=file,
        line=line,
        detail="a list",
    )
    (trial,) = LEAK.trials
    return replace(LEAK, trials=(replace(trial, holders=(holder,)),))


def test_red_says_what_how_much_where_and_what_to_do() -> None:
    (red,) = render(LEAK, PLACES, gates=True)

    assert red.level is Level.FAILURE
    assert red.message.splitlines()[0] == headline(LEAK)
    assert "1.0 GiB retained on cpu after 2 out-of-memory errors, tolerance 64.0 MiB" in red.message
    assert ADVICE[LEAK.reason] in red.message
    assert "ops002 run --config .github/ops002.yml --scenario generate" in red.message
    assert "makes an inference fail on purpose" in red.message


def test_green_is_a_notice_with_every_delta() -> None:
    result = gate(
        Serving().measurement(),
        Serving(after=1010 << 20).measurement(),
        config=document(scenario_document(), scenario_document(name="other")),
    )

    (green,) = render(result, PLACES, gates=True)

    assert green.level is Level.NOTICE
    assert "[scenario generate, fault oom]" in green.message
    assert "+10.0 MiB on cpu" in green.message


def test_red_stands_where_its_scenario_does() -> None:
    (verdict,) = render(RESULTS["two scenarios"], PLACES, gates=True)

    assert verdict.place == Place(CONFIG, 12)


def test_red_stands_on_the_line_that_leaks_if_that_is_known() -> None:
    (verdict,) = render(held_at("engine/cache.py", 33), PLACES, gates=True)

    assert verdict.place == Place("engine/cache.py", 33)


@pytest.mark.parametrize(
    ("file", "line"),
    [(None, None), ("a.py", None), (None, 3), ("/etc/a.py", 3), ("../a.py", 3), ("a.py", 0)],
)
def test_a_line_outside_of_the_repository_is_none(file: str | None, line: int | None) -> None:
    (verdict,) = render(held_at(file, line), PLACES, gates=True)

    assert verdict.place == Place(CONFIG, 7)


def test_every_red_scenario_has_one_after_the_verdict() -> None:
    result = gate(
        Serving(evidence=()).measurement(),
        Serving(after=2 * GIB).measurement(),
        config=document(scenario_document(), scenario_document(name="other")),
    )

    first, second = render(result, PLACES, gates=True)

    assert (first.place, second.place) == (Place(CONFIG, 12), Place(CONFIG, 7))
    assert first.message.startswith("FAIL leak")
    assert second.message.startswith("INCONCLUSIVE fault-not-fired")


def test_those_that_would_not_be_shown_are_counted() -> None:
    scenarios = [scenario_document(name=f"s{number}") for number in range(30)]
    leaks = [Serving(after=2 * GIB).measurement() for _ in scenarios]

    found = render(gate(*leaks, config=document(*scenarios)), PLACES, gates=True)

    assert len(found) == MOST
    assert "And 21 more" in found[-1].message


def test_attempts_that_do_not_count_are_left_out() -> None:
    result = gate(
        Serving(evidence=()).measurement(),
        Serving(after=2 * GIB).measurement(),
        config=document(retry_inconclusive=1),
        attempts=True,
    )

    (only,) = render(result, PLACES, gates=True)

    assert only.message.startswith("FAIL leak")


def test_a_run_that_tried_nothing_is_red_on_the_config() -> None:
    (only,) = render(RESULTS["a defect of the gate"], PLACES, gates=True)

    assert (only.level, only.place) == (Level.FAILURE, Place(CONFIG, 1))
    assert only.message.startswith("INCONCLUSIVE internal-error")


def test_what_does_not_gate_warns_and_says_so() -> None:
    (only,) = render(LEAK, PLACES, gates=False)

    assert only.level is Level.WARNING
    assert "does not gate" in only.title
    assert "does not gate" in render(RESULTS["pass"], PLACES, gates=False)[0].title


def test_a_command_that_leaks_nothing_is_green() -> None:
    result = gate(Exiting().measurement(), config=document(scenario_document(faults=["kill"])))

    assert {one.level for one in render(result, PLACES, gates=True)} <= set(Level)
    assert (render(result, PLACES, gates=True)[0].level is Level.NOTICE) == (
        result.outcome is Outcome.PASS
    )


@given(result=results, word=words)
def test_whatever_is_said_it_fits_and_what_to_do_is_in_it(result: GateResult, word: str) -> None:
    found = render(poisoned(result, word * 200), Places(), gates=True)

    assert all(len(one.message) <= MOST_CHARACTERS for one in found)
    if result.outcome is not Outcome.PASS:
        assert ADVICE[result.reason] in found[0].message
    assert all("\r" not in one.message for one in found)
