"""From judged trials to one outcome and one exit code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.measurement import Incident, IncidentKind, Measurement
from ops002.reasons import OUTCOME_OF, Outcome, Reason
from ops002.result import exit_code
from tests.builders import MIB, Serving, document, gate, incident, scenario_document
from tests.strategies import measurements

PASSING = Serving().measurement()
LEAKING = Serving(after=1500 * MIB).measurement()
UNREAD = Serving().measurement(incidents=(incident(IncidentKind.NO_READING),))
UNFIRED = Serving(evidence=()).measurement()


def several(count: int) -> dict[str, object]:
    return document(*(scenario_document(name=f"number {number}") for number in range(count)))


@pytest.mark.parametrize(
    ("measured", "outcome", "code"),
    [
        ([PASSING], Outcome.PASS, 0),
        ([LEAKING], Outcome.FAIL, 1),
        ([UNFIRED], Outcome.INCONCLUSIVE, 3),
        ([PASSING, PASSING], Outcome.PASS, 0),
        ([PASSING, UNFIRED], Outcome.INCONCLUSIVE, 3),
        ([UNFIRED, LEAKING, PASSING], Outcome.FAIL, 1),
    ],
)
def test_the_worst_trial_decides(measured: list[Measurement], outcome: Outcome, code: int) -> None:
    result = gate(*measured, config=several(len(measured)))
    assert (result.outcome, result.exit_code) == (outcome, code)


@pytest.mark.parametrize(("signal", "code"), [(2, 130), (15, 143), (None, 3)])
def test_an_interrupted_run_ends_with_the_code_of_its_signal(signal: int | None, code: int) -> None:
    """No signal: ``max_duration`` was over."""
    ended = incident(IncidentKind.INTERRUPTED, signal=signal)
    in_trial = gate(Serving().measurement(incidents=(ended,)), config=several(2))
    outside = gate(incidents=(ended,))
    assert [one.exit_code for one in (in_trial, outside)] == [code, code]
    assert {one.reason for one in (in_trial, outside)} == {Reason.INTERRUPTED}
    assert {one.outcome for one in (in_trial, outside)} == {Outcome.INCONCLUSIVE}


def test_an_interruption_after_the_last_trial_is_no_pass() -> None:
    result = gate(PASSING, incidents=(incident(IncidentKind.INTERRUPTED, signal=15),))
    assert (result.reason, result.exit_code) == (Reason.INTERRUPTED, 143)


def test_a_leak_that_was_found_before_the_interruption_is_a_fail() -> None:
    result = gate(
        LEAKING, config=several(2), incidents=(incident(IncidentKind.INTERRUPTED, signal=15),)
    )
    assert (result.reason, result.exit_code) == (Reason.LEAK, 1)


def test_a_defect_of_the_gate_has_its_own_code() -> None:
    result = gate(PASSING, incidents=(incident(IncidentKind.INTERNAL_ERROR),))
    assert (result.outcome, result.exit_code) == (Outcome.INCONCLUSIVE, 70)


def test_a_gate_that_could_see_no_process_is_inconclusive_and_no_defect() -> None:
    result = gate(incidents=(incident(IncidentKind.NO_READING),))
    assert (result.reason, result.exit_code) == (Reason.NO_READING, 3)


@pytest.mark.parametrize(
    ("second", "reason"), [(PASSING, Reason.RETURNED_TO_BASELINE), (UNREAD, Reason.NO_READING)]
)
def test_what_the_last_attempt_could_read_counts(second: Measurement, reason: Reason) -> None:
    assert gate(UNREAD, second, attempts=True).reason is reason


def test_a_planned_fault_without_a_trial_is_never_a_pass() -> None:
    result = gate(PASSING, config=several(2))
    assert (result.outcome, result.reason) == (Outcome.INCONCLUSIVE, Reason.INTERNAL_ERROR)


def test_a_second_fault_of_a_scenario_is_planned_too() -> None:
    result = gate(PASSING, config=document(scenario_document(faults=["oom", "oom"])))
    assert result.outcome is Outcome.INCONCLUSIVE


def test_no_trial_at_all_is_red() -> None:
    result = gate()
    assert (result.outcome, result.exit_code) == (Outcome.INCONCLUSIVE, 70)


incidents = st.lists(
    st.builds(
        incident,
        st.sampled_from(IncidentKind),
        signal=st.none() | st.integers() | st.sampled_from([-128, 0]),
    ),
    max_size=2,
)


@given(st.sampled_from(Reason), incidents)
def test_only_a_pass_exits_with_zero(reason: Reason, ended: list[Incident]) -> None:
    """Exit codes are taken modulo 256."""
    green = exit_code(reason, ended) % 256 == 0
    assert green == (OUTCOME_OF[reason] is Outcome.PASS)


@given(measurements)
def test_any_measurement_becomes_a_result_that_agrees_with_itself(
    measurement: Measurement,
) -> None:
    result = gate(measurement)
    (trial,) = result.trials
    assert result.outcome is OUTCOME_OF[result.reason]
    assert trial.outcome is OUTCOME_OF[trial.reason]
    assert (result.exit_code == 0) == (result.outcome is Outcome.PASS)
    assert len(trial.faults) == len(measurement.faults)
