"""Attempts: which counts, and what makes a run whole."""

from __future__ import annotations

import pytest

from ops002.attempts import attempt_outcome, is_complete, last_attempts
from ops002.config import Config, parse
from ops002.measurement import MeasuredTrial, Measurement
from ops002.reasons import Outcome
from tests.builders import Serving, document

GREEN = Serving().measurement()
UNSURE = Serving(evidence=()).measurement()
RED = Serving(after=2000 << 20).measurement()


def config(retries: int = 1) -> Config:
    return parse(document(retry_inconclusive=retries), {})


def trials(*attempts: Measurement) -> list[MeasuredTrial]:
    """One scenario with one fault, tried so often."""
    return [
        MeasuredTrial(scenario=0, fault=0, attempt=number, measurement=measurement)
        for number, measurement in enumerate(attempts, 1)
    ]


@pytest.mark.parametrize(
    ("measured", "complete"),
    [
        (trials(GREEN), True),
        (trials(UNSURE, GREEN), True),
        (trials(UNSURE, UNSURE), True),
        (trials(), False),
        (trials(RED, GREEN), False),
        (trials(GREEN, GREEN), False),
        (trials(UNSURE, UNSURE, GREEN), False),
        (trials(UNSURE, GREEN)[1:], False),
    ],
)
def test_a_scenario_is_tried_again_only_after_an_inconclusive_attempt(
    measured: list[MeasuredTrial], *, complete: bool
) -> None:
    assert is_complete(config(), measured) is complete


def test_the_last_attempt_counts() -> None:
    measured = trials(UNSURE, GREEN)
    assert last_attempts(measured) == {0: 2}
    assert attempt_outcome(config().scenarios[0], measured[1:]) is Outcome.PASS


def test_without_retries_one_attempt_is_all() -> None:
    assert is_complete(config(retries=0), trials(UNSURE))
    assert not is_complete(config(retries=0), trials(UNSURE, GREEN))
