"""What a server answered, as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ops002.agents.client.exchange import Answer
from ops002.clock import Clock
from ops002.measurement import Evidence, Seen, Source
from ops002.verdict.expect import FIRST_ERROR
from ops002.workloads import StepFailed, search

_DISTINCT: Final = 5
"""Of a burst that many different bodies, at most, and as many other words of a kind."""
_EXCERPT: Final = 200


def is_served(answer: Answer) -> bool:
    """Whether it is a whole answer, and no error."""
    whole = answer.error is None and not answer.left
    return whole and answer.status is not None and answer.status < FIRST_ERROR


def must_be_served(answers: Iterable[Answer]) -> None:
    """Raises `StepFailed` if a healthy request wasn't."""
    for answer in answers:
        if not is_served(answer):
            raise StepFailed(f"a healthy request failed: {described(answer)}")


def described(answer: Answer) -> str:
    """An answer in words, for a sentence."""
    status = "no answer" if answer.status is None else f"status {answer.status}"
    words = text_of(answer)[:_EXCERPT].strip()
    return ": ".join(part for part in (status, answer.error or "", words) if part)


def text_of(answer: Answer) -> str:
    """The beginning of its body, undecodable bytes escaped."""
    return answer.body.decode("utf-8", "backslashreplace")


def evidence_of(answers: Sequence[Answer], pattern: str | None, clock: Clock) -> Iterator[Evidence]:
    """What came of the requests that force a fault; a burst's are told together."""
    yield _seen(Seen.REQUESTS, len(answers))
    for status in sorted({answer.status for answer in answers if answer.status is not None}):
        yield _seen(Seen.STATUS, status)
    gone = [answer for answer in answers if answer.left]
    stayed = [answer for answer in answers if not answer.left]
    for received in sorted({answer.received for answer in gone})[:_DISTINCT]:
        yield _seen(Seen.LEFT_AT, received)
    for why in _few(answer.error for answer in stayed if answer.error is not None):
        yield _seen(Seen.NO_ANSWER, why)
    matched: list[str] = []
    others: list[str] = []
    for text in dict.fromkeys(text_of(answer) for answer in stayed if answer.error is None):
        found = text if pattern is None else search(pattern, text, clock)
        (others if found is None else matched).append(text if found is None else found)
    for what, texts in ((Seen.BODY, matched), (Seen.OTHER_BODY, others)):
        for text in _few(texts):
            yield _seen(what, text[:_EXCERPT])


def failed_beside(answers: Sequence[Answer]) -> Iterator[Evidence]:
    """Of the healthy requests beside a burst: those that the failing ones took with them."""
    failed = [answer for answer in answers if not is_served(answer)]
    if failed:
        words = f"{len(failed)} of {len(answers)}: {described(failed[0])}"
        yield _seen(Seen.HEALTHY_FAILED, words)


def complete_too_soon(answers: Iterable[Answer]) -> Iterator[Evidence]:
    """Of clients that were to go away: answers that were whole before they could."""
    sizes = {answer.received for answer in answers if not answer.left and answer.error is None}
    for size in sorted(sizes)[:_DISTINCT]:
        yield _seen(Seen.RETURNED, f"the whole answer had come, {size} bytes")


def _few(texts: Iterable[str]) -> list[str]:
    """The first few that differ."""
    return list(dict.fromkeys(texts))[:_DISTINCT]


def _seen(what: Seen, value: str | int) -> Evidence:
    return Evidence(source=Source.GATE, what=what, value=value)
