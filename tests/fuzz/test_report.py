"""Whatever a report file holds: it is refused, or it follows from its readings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.report import ReportRefused, judge_again, to_document
from tests.builders import document, gate
from tests.fuzz import targets
from tests.fuzz.documents import ORIGINALS, edited, forged, is_original, sealed, shifted, written
from tests.strategies import measurements


@pytest.mark.parametrize("number", range(len(ORIGINALS)))
def test_what_the_documents_are_made_from_is_accepted(number: int) -> None:
    original = ORIGINALS[number]
    assert targets.report(written(original)) == (original["outcome"] == "pass")


def _refused_if_changed(data: bytes) -> None:
    targets.report(data)
    if not is_original(data):
        with pytest.raises(ReportRefused):
            judge_again(data.decode())


@given(edited(most=3))
def test_any_edit_is_refused(whole: dict[str, Any]) -> None:
    _refused_if_changed(written(whole))


@given(edited(raw=False))
def test_an_edit_of_what_is_derived_is_refused_with_its_digest_made_anew(
    whole: dict[str, Any],
) -> None:
    _refused_if_changed(written(sealed(whole)))


@given((edited(raw=True, most=4) | shifted()).map(forged))
def test_a_report_that_adds_up_is_green_only_if_its_readings_are(whole: dict[str, Any]) -> None:
    targets.report(written(whole))


@given(measurements)
def test_a_report_of_any_measurement_is_read_and_shown(measurement: Any) -> None:
    targets.report(written(to_document(gate(measurement, config=document()))))


@given(
    st.binary(max_size=200)
    | st.text(st.characters(), max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_any_bytes(data: bytes) -> None:
    assert not targets.report(data)
