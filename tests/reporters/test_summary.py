"""The summary, read as GitHub reads Markdown: by its own parser."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given

from ops002.measurement import Stage
from ops002.reasons import Outcome
from ops002.reporters.places import Place, Places
from ops002.reporters.summary import MOST_BYTES, details, head, render, without_result
from ops002.result import GateResult
from tests.builders import GIB, MIB, Serving, document, gate, reading, scenario_document
from tests.reporters.poison import ATTACKS, poisoned, results, words
from tests.reports import RESULTS
from tests.verdict.test_swept import CONFIG, measured, sweep

PLACES = Places(
    config=".github/ops002.yml",
    scenarios={"generate": Place(".github/ops002.yml", 7)},
    options=("--device=cpu",),
)
OURS = frozenset(
    [
        "blockquote",
        "code",
        "details",
        "h2",
        "h3",
        "li",
        "p",
        "pre",
        "strong",
        "summary",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
MENTION = re.compile(r"@[A-Za-z0-9]|#[0-9]")


class Shown(HTMLParser):
    """The page: its elements, and what of its text isn't set as code."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.text = ""
        self.prose = ""
        self._inside: list[str] = []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag == "pre" or not attrs, (tag, attrs)
        self.elements.append(" ".join([tag, *(f"{name}={value}" for name, value in attrs)]))
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(f"/{tag}")
        assert self._inside.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_data(self, data: str) -> None:
        self.text += data
        if not {"code", "pre"} & set(self._inside):
            self.prose += data


@pytest.mark.parametrize("name", RESULTS)
def test_begins_with_the_verdict(name: str) -> None:
    result = RESULTS[name]

    page = Shown(render(result, PLACES, gates=True))

    assert page.elements[0] == "h2"
    assert f"{result.outcome.value.upper()} {result.reason.value}" in page.text.splitlines()[0]
    assert {one.split(" ")[0].removeprefix("/") for one in page.elements} <= OURS


def test_holds_each_check_with_its_figures() -> None:
    page = Shown(render(gate(Serving(after=1400 * MIB).measurement()), PLACES, gates=True))

    for figure in ("1000 MiB", "1.4 GiB", "+400 MiB", "64.0 MiB", "600 MiB", "after-exit"):
        assert figure in page.text.replace("\u00a0", " ")


def test_says_who_holds_it_what_to_do_and_how_to_see_it_again() -> None:
    page = Shown(render(RESULTS["fail"], PLACES, gates=True))

    assert "worker (PID 7)" in page.text
    assert "End these processes" in page.text
    again = "ops002 run --config .github/ops002.yml --scenario generate --device=cpu"
    assert again in page.text


def test_bars_show_what_each_wait_ended_with() -> None:
    result = gate(Serving(baseline=1000 * MIB, peak=2000 * MIB, after=1500 * MIB).measurement())

    text = details(result, PLACES)

    lengths = {line.split("  ")[0]: line.count("█") for line in text.splitlines() if "█" in line}
    assert lengths["fault 1 (peak)"] == 2 * lengths["baseline"]
    assert lengths["after-error 2"] == 1.5 * lengths["baseline"]


def test_what_is_over_the_tolerance_is_marked() -> None:
    text = details(gate(Serving(after=1400 * MIB).measurement()), PLACES)

    marked = [line.split("  ")[0] for line in text.splitlines() if "over the tolerance" in line]
    assert marked == ["after-error 1", "after-error 2"]  # and no peak: it may be


def test_of_a_fault_the_most_is_shown() -> None:
    measurement = Serving().measurement()
    fault = next(one for one in measurement.snapshots if one.stage is Stage.FAULT)
    lower = replace(fault, readings=(reading(5 * MIB),))
    at = measurement.snapshots.index(fault) + 1
    snapshots = (*measurement.snapshots[:at], lower, *measurement.snapshots[at:])

    text = details(gate(replace(measurement, snapshots=snapshots)), PLACES)

    (line,) = (line for line in text.splitlines() if line.startswith("fault 1 (peak)"))
    assert "1.6 GiB" in line


def test_what_is_red_is_shown_first() -> None:
    text = details(RESULTS["two scenarios"], PLACES)

    assert text.index("`other`, oom, on") < text.index("`generate`, oom, on")


def test_many_waits_are_few_bars() -> None:
    text = details(gate(Serving(repeat=200).measurement()), PLACES)

    assert "... 363 more" in text
    assert "after-error 200" in text


def test_a_reading_that_no_device_can_have_is_not_charted() -> None:
    assert "xychart" in details(gate(Serving().measurement()), PLACES)
    assert "xychart" not in details(gate(Serving(peak=-1).measurement()), PLACES)


def test_times_that_are_no_times_are_not_charted() -> None:
    measurement = Serving().measurement()
    snapshots = tuple(replace(one, seconds=float("nan")) for one in measurement.snapshots)

    assert "xychart" not in details(gate(replace(measurement, snapshots=snapshots)), PLACES)


def test_what_does_not_gate_says_so_first() -> None:
    page = Shown(render(RESULTS["fail"], PLACES, gates=False))

    assert page.elements[0] == "blockquote"
    assert "does not gate" in page.text
    assert "does not gate" not in Shown(render(RESULTS["fail"], PLACES, gates=True)).text


@given(result=results, word=words)
def test_words_of_others_change_nothing_but_words(result: GateResult, word: str) -> None:
    page = Shown(render(poisoned(result, word), PLACES, gates=True))

    assert page.elements == Shown(render(poisoned(result, "x"), PLACES, gates=True)).elements
    assert not MENTION.search(page.prose), page.prose


@pytest.mark.parametrize("attack", ATTACKS)
def test_known_attack_changes_nothing_but_words(attack: str) -> None:
    result, plain = (poisoned(RESULTS["fail"], word) for word in (attack, "x"))

    page = Shown(render(result, PLACES, gates=True))

    assert page.elements == Shown(render(plain, PLACES, gates=True)).elements
    assert not MENTION.search(page.prose), page.prose


@pytest.mark.parametrize("line", ["```", "````", "~~~", "  ```  ", "<script>", "    x", "# x"])
def test_output_stays_in_its_block(line: str) -> None:
    result, plain = (
        gate(Serving(after=2 * GIB).measurement(output_tail=(one, "# heading")))
        for one in (line, "x")
    )

    page = Shown(details(result, PLACES))

    assert page.elements == Shown(details(plain, PLACES)).elements
    assert line.strip() in page.text


@given(word=words)
def test_without_a_result_words_of_others_are_words(word: str) -> None:
    page = Shown(without_result("config-error", [f"{word} x", "x"]))

    assert page.elements == Shown(without_result("config-error", ["x", "x"])).elements


def test_never_more_than_the_runner_takes() -> None:
    """It would drop the whole of it."""
    scenarios = [scenario_document(name=f"s{number}") for number in range(12)]
    noisy = Serving(after=2 * GIB).measurement(
        health=tuple("@" * 2000 for _ in range(20)), output_tail=tuple("|" * 2000 for _ in range(9))
    )
    result = gate(*(noisy for _ in scenarios), config=document(*scenarios))

    text = render(result, PLACES, gates=True)

    assert len(text.encode()) < MOST_BYTES
    assert "parts of this summary were too long" in text
    assert Shown(text).elements[0] == "h2"


def test_nothing_tried_is_said() -> None:
    result = RESULTS["a defect of the gate"]
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "No check was made." in head(result, gates=True)
    assert Stage.BASELINE.value not in details(result, PLACES)


def test_how_much_a_green_sweep_covered_is_shown() -> None:
    result = gate(measured(sweep(raised=33, failed=32)), config=CONFIG)

    assert result.outcome is Outcome.PASS
    assert "33 ran out of memory" in details(result, PLACES)
