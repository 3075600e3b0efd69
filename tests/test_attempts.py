"""Attempts: which counts, and what makes a run whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ops002.attempts import is_complete, last_attempts, may_try_again
from ops002.config.resolved import Config, parse
from ops002.measurement import Evidence, MeasuredTrial, Measurement, Phase, Seen, Source
from tests.builders import Serving, document, scenario_document

GREEN = Serving().measurement()
UNSURE = Serving(evidence=()).measurement()
RED = Serving(after=2000 << 20).measurement()

ALIVE = (Phase.AFTER_ERROR,)
GONE = (Phase.AFTER_EXIT,)
BOTH = (*ALIVE, *GONE)


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
        ([replace(trials(GREEN)[0], attempt=0)], False),
    ],
)
def test_a_scenario_is_tried_again_only_after_an_inconclusive_attempt(
    measured: list[MeasuredTrial], *, complete: bool
) -> None:
    assert is_complete(config(), measured) is complete


def test_the_last_attempt_counts() -> None:
    measured = trials(UNSURE, GREEN)
    assert last_attempts(measured) == {0: 2}
    (scenario,) = config().scenarios
    assert may_try_again(scenario, measured[:1])
    assert not may_try_again(scenario, measured[1:])


def test_what_a_server_kept_is_not_tried_until_it_passes() -> None:
    """A leak that comes by chance would pass the next time."""
    url = "http://127.0.0.1:{port}/"
    server = {"kind": "server", "run": ["serve", "{port}"], "ready": {"url": url}}
    fault = {"kind": "request", "url": url, "expect": {"status": [400]}}
    asked = scenario_document(workload={**server, "healthy": {"url": url}}, faults=[fault])
    refused = Serving(evidence=(Evidence(source=Source.GATE, what=Seen.STATUS, value=400),))
    kept, clean = replace(refused, after=1200 << 20).measurement(), refused.measurement()
    unsure = replace(refused, evidence=()).measurement()
    one = parse(document(asked), {})

    assert is_complete(one, trials(clean))
    assert is_complete(one, trials(kept))
    assert is_complete(one, trials(unsure, clean))
    assert not is_complete(one, trials(kept, clean))


def test_without_retries_one_attempt_is_all() -> None:
    assert is_complete(config(retries=0), trials(UNSURE))
    assert not is_complete(config(retries=0), trials(UNSURE, GREEN))


def test_two_retries_are_three_attempts_and_no_more() -> None:
    assert is_complete(config(retries=2), trials(UNSURE, UNSURE, GREEN))
    assert not is_complete(config(retries=2), trials(UNSURE, UNSURE, UNSURE, GREEN))


def test_attempts_may_be_listed_in_any_order() -> None:
    backwards = trials(UNSURE, GREEN)[::-1]
    assert is_complete(config(), backwards)
    assert last_attempts(backwards) == {0: 2}


def test_an_attempt_left_out_in_between_is_missed() -> None:
    measured = trials(UNSURE, UNSURE, GREEN)
    assert not is_complete(config(retries=2), [measured[0], measured[2]])


def test_every_scenario_has_attempts_of_its_own() -> None:
    two = parse(document(scenario_document(), scenario_document(name="other")), {})
    first = trials(UNSURE, GREEN)
    second = [replace(one, scenario=1) for one in trials(GREEN)]
    assert is_complete(two, [*first, *second])
    assert last_attempts([*first, *second]) == {0: 2, 1: 1}
    assert not is_complete(two, first)
    assert not is_complete(two, second)


KILLED = "kill"
EXITED = {"kind": "oom", "after": "exited", "expect": {"output": "killed"}}


@pytest.mark.parametrize(
    ("faults", "phases", "whole"),
    [
        pytest.param(["oom"], [BOTH], True, id="alive, then gone"),
        pytest.param(["oom"], [BOTH[::-1]], True, id="in any order"),
        pytest.param(["oom"], [ALIVE], False, id="its end is missing"),
        pytest.param(["oom"], [GONE], False, id="its life is missing"),
        pytest.param(["oom", "oom"], [ALIVE, BOTH], True, id="one start, which ends once"),
        pytest.param(["oom", "oom"], [BOTH, BOTH], True, id="a start of its own for each"),
        pytest.param(["oom", "oom"], [BOTH, ALIVE], False, id="the last one's end is missing"),
        pytest.param(["oom", "oom"], [GONE, BOTH], False, id="the first one's life is missing"),
        pytest.param(["oom", "oom", "oom"], [ALIVE, ALIVE, BOTH], True, id="three faults"),
        pytest.param(["oom", "oom"], [BOTH], False, id="a fault is missing"),
        pytest.param(["oom"], [BOTH, BOTH], False, id="a fault too many"),
        pytest.param([KILLED], [GONE], True, id="a kill leaves nobody alive"),
        pytest.param([KILLED], [BOTH], False, id="a kill that was survived"),
        pytest.param([KILLED], [()], False, id="a kill and no check"),
        pytest.param([EXITED], [GONE], True, id="an error that is meant to end it"),
        pytest.param(["oom", KILLED], [BOTH, GONE], True, id="the last that lives on, ends"),
        pytest.param(["oom", KILLED], [ALIVE, GONE], False, id="it lived on and never ended"),
    ],
)
def test_each_fault_is_measured_in_the_phases_it_has(
    faults: list[Any], phases: Sequence[tuple[Phase, ...]], *, whole: bool
) -> None:
    measured = [
        MeasuredTrial(scenario=0, fault=number, attempt=1, measurement=replace(GREEN, phases=due))
        for number, due in enumerate(phases)
    ]
    planned = parse(document(scenario_document(faults=faults)), {})
    assert is_complete(planned, measured) is whole


def test_faults_are_carried_out_in_their_order() -> None:
    planned = parse(document(scenario_document(faults=["oom", "oom"])), {})
    first, second = (replace(one, fault=number) for number, one in enumerate(trials(GREEN) * 2))
    assert is_complete(planned, [first, second])
    assert not is_complete(planned, [second, first])
