"""What runs under test, by kind; each kind knows how to force its faults.

A workload says what happened; whether that counts as the fault is judged elsewhere, from the
evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ops002.clock import Clock
from ops002.executors import Running
from ops002.measurement import Evidence, Seen, Source
from ops002.verdict.expect import found_in

_LATE_OUTPUT_SECONDS: Final = 2.0
_LATE_OUTPUT_POLL: Final = 0.1
_SEARCH_SECONDS: Final = 5.0


class WorkloadError(Exception):
    """A step of the workload didn't end as it should; the message says how."""


class Died(WorkloadError):
    """The workload's root process ended by itself."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the workload ended by itself (exit status {status})")
        self.status = status


class DeadlinePassed(WorkloadError):
    """A step didn't end by its deadline."""


class StepFailed(WorkloadError):
    """A step that must succeed (load, a healthy inference) raised an error."""


def output_evidence(
    pattern: str | None, running: Running, start: int, clock: Clock
) -> Iterator[Evidence]:
    """The piece of output since ``start`` that matches the pattern, if it is there.

    Output comes on a pipe of its own, and on a busy machine later than the news of what happened:
    it is given a moment.
    """
    if not pattern:
        return
    deadline = clock.now() + _LATE_OUTPUT_SECONDS
    while (excerpt := search(pattern, running.output(start), clock)) is None:
        if clock.now() > deadline:
            return
        clock.sleep(_LATE_OUTPUT_POLL)
    yield Evidence(source=Source.GATE, what=Seen.OUTPUT, value=excerpt)


def search(pattern: str, text: str, clock: Clock) -> str | None:
    """The piece of a workload's text that a pattern matches; None if that takes too long to say.

    It can be such that a harmless pattern takes for ever on it.
    """
    try:
        with clock.limited(_SEARCH_SECONDS):
            return found_in(pattern, text)
    except TimeoutError:
        return None


def died_evidence(status: int) -> Evidence:
    """The exit status, as the kernel gave it."""
    return Evidence(source=Source.KERNEL, what=Seen.EXIT_STATUS, value=status)


def exception_evidence(described: object) -> Iterator[Evidence]:
    """Evidence of the exceptions that a worker describes; what isn't of that form is left out."""
    for one in described if isinstance(described, list) else ():
        if not isinstance(one, dict):
            continue
        yield from _texts(Seen.EXCEPTION, one.get("classes"))
        message = one.get("message")
        if isinstance(message, str):
            yield Evidence(source=Source.WORKLOAD, what=Seen.MESSAGE, value=message)
        yield from _texts(Seen.RAISED_AT, one.get("raised_at"))


def _texts(what: Seen, given: object) -> Iterable[Evidence]:
    texts = (
        tuple(text for text in given if isinstance(text, str)) if isinstance(given, list) else ()
    )
    return [Evidence(source=Source.WORKLOAD, what=what, value=texts)] if texts else []
