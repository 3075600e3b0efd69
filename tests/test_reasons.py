"""Outcomes and reasons: what each comes to, and which of several decides."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops002.reasons import OUTCOME_OF, Outcome, Reason, worst

DOCUMENT = Path(__file__).parent.parent / "docs" / "reasons.md"


def test_outcomes_and_their_order_are_as_documented() -> None:
    rows = re.findall(r"^\| (\w+) \| `([\w-]+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [(OUTCOME_OF[reason].value, reason.value) for reason in Reason]


def test_every_reason_has_an_outcome_and_one_alone_is_green() -> None:
    assert set(OUTCOME_OF) == set(Reason)
    green = [reason for reason, outcome in OUTCOME_OF.items() if outcome is Outcome.PASS]
    assert green == [Reason.RETURNED_TO_BASELINE]


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ((), Reason.INTERNAL_ERROR),
        ((Reason.RETURNED_TO_BASELINE,), Reason.RETURNED_TO_BASELINE),
        ((Reason.RETURNED_TO_BASELINE, Reason.UNSETTLED), Reason.UNSETTLED),
        ((Reason.INTERRUPTED, Reason.LEAK), Reason.LEAK),
        ((Reason.WORKING_SET_LOST, Reason.LEAK), Reason.LEAK),
        ((Reason.NOTHING_AT_STAKE, Reason.UNSETTLED, Reason.NO_READING), Reason.NO_READING),
    ],
)
def test_fail_decides_over_inconclusive_over_pass(
    reasons: tuple[Reason, ...], expected: Reason
) -> None:
    assert worst(reasons) is expected
    assert worst(reversed(reasons)) is expected
