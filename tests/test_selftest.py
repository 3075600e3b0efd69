"""The self-test: what a planted workload's run comes to, and the table's last word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ops002.planted
from ops002.config.resolved import parse
from ops002.measurement import IncidentKind, Phase
from ops002.reasons import OUTCOME_OF, Outcome, Reason
from ops002.reporters.selftest import conclusion, heading, line
from ops002.result import GateResult
from ops002.selftest import PLANTED, Finding, Place, Planted, Row, exit_code
from tests.builders import MIB, Exiting, Serving, gate, incident, process
from tests.strategies import measurements

FOLDER = Path(ops002.planted.__file__).parent
PLACE = Place(device="cpu", python="python3", files=str(FOLDER), cwd="/tmp", segment="/dev/shm/x")

BASELINE = Serving().baseline
LEAK = replace(PLANTED[0], size_bytes=96 * MIB)
TWIN = LEAK.twin()
CYCLE = replace(LEAK, reason=Reason.HELD_UNTIL_GC)
CHILD = replace(LEAK, reason=Reason.SURVIVORS, phase=Phase.AFTER_EXIT)

KEEPS = gate(Serving(after=BASELINE + 96 * MIB).measurement())
LETS_GO = gate(Serving().measurement())
HOLDS = gate(Serving(after=BASELINE + 96 * MIB, collected=BASELINE).measurement())
LEAVES_CHILD = gate(Serving(gone=96 * MIB).measurement(survivors=(process(),)))
UNFIRED = gate(Serving(evidence=()).measurement())
DEFECT = gate(incidents=(incident(IncidentKind.INTERNAL_ERROR),))
TIME_IS_OVER = gate(incidents=(incident(IncidentKind.INTERRUPTED),))
SIGINT = gate(incidents=(incident(IncidentKind.INTERRUPTED, signal=2),))
SIGTERM = gate(incidents=(incident(IncidentKind.INTERRUPTED, signal=15),))

RESULTS = (KEEPS, LETS_GO, HOLDS, LEAVES_CHILD, UNFIRED, DEFECT, TIME_IS_OVER, SIGINT, SIGTERM)


def code(rows: Iterable[Row]) -> int:
    """The exit code where just these were due."""
    done = list(rows)
    return exit_code(done, [row.planted for row in done])


@pytest.mark.parametrize(
    ("planted", "result", "finding"),
    [
        (LEAK, KEEPS, Finding.AS_EXPECTED),
        (TWIN, LETS_GO, Finding.AS_EXPECTED),
        (CYCLE, HOLDS, Finding.AS_EXPECTED),
        (CHILD, LEAVES_CHILD, Finding.AS_EXPECTED),
        (LEAK, LETS_GO, Finding.MISSED),
        (CHILD, LETS_GO, Finding.MISSED),
        (TWIN, KEEPS, Finding.FALSE_ALARM),
        (TWIN, HOLDS, Finding.FALSE_ALARM),
        (LEAK, HOLDS, Finding.WRONG_REASON),
        (CYCLE, KEEPS, Finding.WRONG_REASON),
        (LEAK, UNFIRED, Finding.NOT_JUDGED),
        (TWIN, UNFIRED, Finding.NOT_JUDGED),
        (LEAK, SIGTERM, Finding.NOT_JUDGED),
        (TWIN, DEFECT, Finding.NOT_JUDGED),
    ],
)
def test_what_a_run_comes_to(planted: Planted, result: GateResult, finding: Finding) -> None:
    assert Row(planted, result).finding is finding


@pytest.mark.parametrize(
    ("planted", "kept", "finding"),
    [
        (LEAK, 96 * MIB + 8 * MIB, Finding.AS_EXPECTED),
        (LEAK, 96 * MIB + 8 * MIB + 1, Finding.WRONG_FIGURE),
        (LEAK, 96 * MIB - 8 * MIB, Finding.AS_EXPECTED),
        (LEAK, 96 * MIB - 8 * MIB - 1, Finding.WRONG_FIGURE),
        (TWIN, 8 * MIB, Finding.AS_EXPECTED),
        (TWIN, 8 * MIB + 1, Finding.WRONG_FIGURE),
        (TWIN, -8 * MIB - 1, Finding.WRONG_FIGURE),
    ],
)
def test_a_figure_may_be_off_by_what_counts_as_still(
    planted: Planted, kept: int, finding: Finding
) -> None:
    result = gate(Serving(after=BASELINE + kept).measurement())

    assert Row(planted, result).finding is finding


def test_a_leak_without_a_figure_is_not_ok() -> None:
    """Found in another phase than the one that was to show it."""
    row = Row(LEAK, gate(Exiting(gone=96 * MIB).measurement()))

    assert row.result.reason is LEAK.reason
    assert row.retained_bytes is None
    assert row.finding is Finding.WRONG_FIGURE


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(LEAK, KEEPS), (TWIN, LETS_GO)], 0),
        ([(LEAK, LETS_GO), (TWIN, LETS_GO)], 1),
        ([(LEAK, KEEPS), (TWIN, KEEPS)], 1),
        ([(LEAK, HOLDS)], 1),
        ([(LEAK, UNFIRED), (TWIN, LETS_GO)], 3),
        ([(LEAK, KEEPS), (TWIN, DEFECT), (LEAK, UNFIRED)], 70),
        ([(LEAK, UNFIRED), (TWIN, SIGINT)], 130),
        ([(LEAK, KEEPS), (TWIN, SIGTERM)], 143),
        ([(LEAK, KEEPS), (TWIN, TIME_IS_OVER)], 3),
        ([(LEAK, LETS_GO), (TWIN, SIGINT)], 1),
        ([(LEAK, LETS_GO), (TWIN, DEFECT)], 1),
    ],
)
def test_exit_codes(rows: list[tuple[Planted, GateResult]], expected: int) -> None:
    assert code(Row(planted, result) for planted, result in rows) == expected


@pytest.mark.parametrize("done", [[], [LEAK], [TWIN, LEAK], [LEAK, TWIN, TWIN]])
def test_what_was_due_and_is_not_there_is_never_green(done: list[Planted]) -> None:
    rows = [Row(planted, KEEPS if planted.leaks else LETS_GO) for planted in done]

    assert {row.finding for row in rows} <= {Finding.AS_EXPECTED}
    assert exit_code(rows, [LEAK, TWIN]) == 3


def test_nothing_due_is_never_green() -> None:
    assert exit_code([], []) == 3


results = st.sampled_from(RESULTS) | measurements.map(gate)
planted = st.builds(
    replace,
    st.just(LEAK),
    reason=st.sampled_from([*OUTCOME_OF]).filter(
        lambda reason: OUTCOME_OF[reason] is not Outcome.INCONCLUSIVE
    ),
    size_bytes=st.sampled_from([0, 96 * MIB]),
    phase=st.sampled_from(Phase),
)
all_rows = st.lists(st.builds(Row, planted, results), max_size=4)


@given(all_rows)
def test_only_what_was_all_found_as_planted_is_green(rows: list[Row]) -> None:
    as_planted = [
        row.result.reason is row.planted.reason
        and row.retained_bytes is not None
        and abs(row.retained_bytes - row.planted.kept_bytes) <= 8 * MIB
        for row in rows
    ]

    assert (code(rows) == 0) == (bool(rows) and all(as_planted))


@given(all_rows)
def test_the_last_line_says_what_the_exit_code_says(rows: list[Row]) -> None:
    due = [row.planted for row in rows]
    *_, last = conclusion(rows, due, 41.6).splitlines()

    words = {
        0: ("fit: ",),
        1: ("NOT FIT: ",),
        3: ("NOT JUDGED: ", "INTERRUPTED: "),
        70: ("NOT JUDGED: ",),
    }
    assert last.startswith(words.get(code(rows), ("INTERRUPTED: ",)))
    assert f"of {len(due)} planted workloads" in last
    assert "42 s" in last


@given(all_rows)
def test_a_row_is_a_line_under_its_heading(rows: list[Row]) -> None:
    due = [row.planted for row in rows] or [LEAK]
    for row in rows:
        text = line(row, due)
        assert text.count("\n") == 1
        assert text.index(row.planted.reason.value) == heading(due).index("expected")
        assert row.finding.value in text


def test_what_is_not_as_expected_is_explained() -> None:
    due = [LEAK, TWIN]
    text = conclusion([Row(LEAK, LETS_GO), Row(TWIN, UNFIRED)], due, 1)

    assert "stored exception: MISSED: a leak was there" in text
    assert "PASS returned-to-baseline: 0 B on cpu" in text
    assert "stored exception, clean twin: NOT JUDGED" in text
    assert "INCONCLUSIVE fault-not-fired" in text
    assert text.splitlines()[-1].startswith("NOT FIT: 0 of 2")


def test_of_a_workload_that_could_not_be_judged_the_last_output_is_shown() -> None:
    printed = tuple(f"line {number}." for number in range(9))
    result = gate(Serving(evidence=()).measurement(output_tail=printed))

    text = conclusion([Row(LEAK, result)], [LEAK], 1)

    assert "| line 8." in text
    assert "line 3." not in text


def test_of_what_was_tried_again_it_says_why() -> None:
    result = replace(LETS_GO, trials=(*UNFIRED.trials, *LETS_GO.trials))

    assert line(Row(TWIN, result), [TWIN]).endswith("ok (tried again after fault-not-fired)\n")


class TestPlanted:
    @pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
    def test_each_is_a_valid_config_of_one_trial(self, planted: Planted) -> None:
        (scenario,) = parse(planted.document(PLACE), {}).scenarios

        assert len(scenario.faults) == 1
        assert scenario.tolerance_bytes == planted.tolerance_bytes
        assert scenario.workload.env["OPS002_PLANTED"] == ("leak" if planted.leaks else "clean")

    def test_every_shape_that_leaks_has_its_clean_twin(self) -> None:
        clean = {
            planted.file: planted.fault
            for planted in PLANTED
            if not planted.leaks and planted.reason is Reason.RETURNED_TO_BASELINE
        }
        leaks = {planted.file: planted.fault for planted in PLANTED if planted.leaks}

        assert leaks == clean

    def test_a_twin_differs_in_the_one_thing(self) -> None:
        leak, twin = LEAK.document(PLACE), TWIN.document(PLACE)
        leak["scenarios"][0].pop("name")
        twin["scenarios"][0].pop("name")
        assert leak["scenarios"][0]["workload"]["env"].pop("OPS002_PLANTED") == "leak"
        assert twin["scenarios"][0]["workload"]["env"].pop("OPS002_PLANTED") == "clean"

        assert leak == twin

    def test_each_file_is_planted(self) -> None:
        files = {file.stem for file in FOLDER.glob("*.py")} - {"__init__"}

        assert files == {planted.file for planted in PLANTED}

    def test_red_begins_at_the_tolerance(self) -> None:
        """One leak is just red, one just green: the gate is neither always."""
        near = {
            OUTCOME_OF[one.reason]: one.kept_bytes - one.tolerance_bytes
            for one in PLANTED
            if one.leaks and abs(one.kept_bytes - one.tolerance_bytes) <= 16 * MIB
        }

        assert near == {Outcome.FAIL: 16 * MIB, Outcome.PASS: -16 * MIB}

    def test_what_is_kept_after_all_errors(self) -> None:
        more = replace(LEAK, size_bytes=3 * MIB, repeat=8)

        assert more.kept_bytes == 24 * MIB
        assert replace(more, accumulates=False).kept_bytes == 3 * MIB
        assert more.twin().kept_bytes == 0

    def test_names_tell_rows_apart(self) -> None:
        assert len({planted.name for planted in PLANTED}) == len(PLANTED)
