"""Did a server's fault fire? What its client saw, held against what was expected."""

from __future__ import annotations

import pytest

from ops002.measurement import Evidence, Seen, Source
from ops002.verdict.expect import Expectation, Nature, unmet

ANSWERED = Expectation(nature=Nature.ANSWERED)
REFUSED = Expectation(nature=Nature.ANSWERED, status=(400, 413), body="too long")
LEFT = Expectation(nature=Nature.DISCONNECTED)
CHILD = Expectation(nature=Nature.CHILD_KILLED)
KILLED_CHILD: dict[Seen, str | int] = {Seen.KILLED_CHILD: "engine (PID 7)", Seen.KILLED_AFTER: 200}


def saw(facts: dict[Seen, str | int], source: Source = Source.GATE) -> list[Evidence]:
    return [Evidence(source=source, what=what, value=value) for what, value in facts.items()]


def status(*codes: int) -> list[Evidence]:
    return [Evidence(source=Source.GATE, what=Seen.STATUS, value=code) for code in codes]


@pytest.mark.parametrize("code", [400, 404, 500, 599])
def test_an_error_is_an_answer_from_400_on(code: int) -> None:
    assert unmet(ANSWERED, status(code)) == ()


@pytest.mark.parametrize("codes", [(), (200,), (399,), (400, 200)])
def test_what_is_no_error_or_no_answer_is_no_fault(codes: tuple[int, ...]) -> None:
    assert unmet(ANSWERED, status(*codes)) == ("no sign of an answer with an error",)


def test_an_error_in_an_answer_of_200_needs_its_status() -> None:
    streamed = Expectation(nature=Nature.ANSWERED, status=(200,), body="error")
    assert unmet(streamed, [*status(200), *saw({Seen.BODY: "error"})]) == ()


def test_a_status_that_the_workload_tells_is_worth_nothing() -> None:
    assert unmet(ANSWERED, saw({Seen.STATUS: 400}, Source.WORKLOAD)) != ()


def test_every_answer_of_a_burst_is_as_expected() -> None:
    body = saw({Seen.BODY: "too long"})
    assert unmet(REFUSED, [*status(400, 413), *body]) == ()
    assert unmet(REFUSED, [*status(400, 422), *body]) == ("not every answer has status 400 or 413",)
    other = saw({Seen.OTHER_BODY: "no such field"})
    assert unmet(REFUSED, [*status(400), *body, *other]) == ("not every answer matches 'too long'",)
    assert unmet(REFUSED, status(400)) == ("not every answer matches 'too long'",)
    assert unmet(REFUSED, body)[1:] == ("not every answer has status 400 or 413",)


def test_a_request_without_an_answer_is_no_answered_one() -> None:
    broken = saw({Seen.NO_ANSWER: "reset"})
    assert unmet(ANSWERED, [*status(400), *broken]) == ("no sign of an answer with an error",)


def test_a_server_that_recovers_serves() -> None:
    helped = Expectation(nature=Nature.ANSWERED, recovers=True, output="out of memory")
    printed = saw({Seen.OUTPUT: "out of memory"})
    assert unmet(helped, [*status(200), *printed]) == ()
    assert unmet(helped, [*status(500), *printed]) == ("it should have recovered from the error",)
    for one in (status(200, 500), [*status(200), *saw({Seen.NO_ANSWER: "reset"})]):
        assert unmet(helped, [*one, *printed]) == ("it should have recovered from the error",)
    assert unmet(helped, status(200)) == ("the output doesn't match 'out of memory'",)


def test_a_client_leaves_what_was_under_way() -> None:
    left = saw({Seen.LEFT_AT: 5})
    assert unmet(LEFT, left) == ()
    assert unmet(LEFT, [*left, *status(200)]) == ()


@pytest.mark.parametrize(
    "besides",
    [
        saw({Seen.RETURNED: "the whole answer had come, 12 bytes"}),
        saw({Seen.NO_ANSWER: "reset"}),
        status(400),
        status(200, 503),
    ],
)
def test_what_was_complete_or_refused_was_not_left(besides: list[Evidence]) -> None:
    words = ("no sign of a client that left in the middle of an answer",)
    assert unmet(LEFT, [*saw({Seen.LEFT_AT: 5}), *besides]) == words
    assert unmet(LEFT, besides) == words


def test_a_refusal_may_be_what_is_left() -> None:
    expected = Expectation(nature=Nature.DISCONNECTED, status=(503,))
    assert unmet(expected, [*saw({Seen.LEFT_AT: 5}), *status(503)]) == ()


def test_a_child_is_killed_in_the_middle_of_a_request() -> None:
    assert unmet(CHILD, saw(KILLED_CHILD)) == ()
    assert unmet(CHILD, saw(KILLED_CHILD, Source.WORKLOAD)) != ()
    for what in KILLED_CHILD:
        assert unmet(CHILD, [one for one in saw(KILLED_CHILD) if one.what is not what]) != ()
