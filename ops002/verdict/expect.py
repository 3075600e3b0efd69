"""Did the fault fire? Evidence held against what was expected; pure.

Rule: a fault that can't be told by its own nature needs an expectation. An exit status of 1 is also
an ImportError, and an exception is also a typo in the scenario.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ops002.measurement import Evidence, Seen, Source

_OUT_OF_MEMORY_CLASSES: Final = frozenset({"MemoryError", "OutOfMemoryError"})

# Back ends that raise a plain RuntimeError or OSError say it in words: torch's CPU allocator
# ("DefaultCPUAllocator: can't allocate memory"), ENOMEM, C++'s std::bad_alloc, MPS and CUDA.
_OUT_OF_MEMORY_TEXT: Final = re.compile(
    r"can(?:'t|not) allocate memory|std::bad_alloc|\bout of memory\b", re.IGNORECASE
)

OUT_OF_MEMORY_OUTPUT: Final = r"(?i)\bout of memory\b|OutOfMemoryError"
"""What torch says of a GPU that has too little memory left, whichever allocator it uses."""

_RECOVERS: Final = "; if the workload is meant to, say recovers: true, and output that shows it"

_HELPED: Final = (
    " that the inference ended with: torch's allocator ran out of memory, and something helped "
    "itself" + _RECOVERS
)

INJECTED_CLASS: Final = "InjectedError"
"""The class of the exception that the worker raises in the middle of an inference."""

FIRST_ERROR: Final = 400
"""HTTP statuses from here on are errors."""

KILLED_STATUS: Final = 137
"""SIGKILL's exit status, as a shell shows it."""


class Nature(Enum):
    """What every fault of a kind must show, whatever the scenario expects besides."""

    EXCEPTION = "an exception"
    OUT_OF_MEMORY = "an out-of-memory error"
    FAILING_EXIT = "an exit with a failing status"
    SWEPT = "an out-of-memory error at the points of an inference"
    INJECTED = "the injected exception"
    KILLED = "a kill in the middle of an inference"
    CHILD_KILLED = "a kill of a child in the middle of a request"
    ANSWERED = "an answer with an error"
    DISCONNECTED = "a client that left in the middle of an answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """How a fault is recognised: its nature, and every given key, must hold."""

    nature: Nature
    exception: str | None = None
    match: str | None = None
    output: str | None = None
    exit_code: tuple[int, ...] = ()
    recovers: bool = False
    status: tuple[int, ...] = ()
    body: str | None = None


def unmet(expectation: Expectation, evidence: Iterable[Evidence]) -> tuple[str, ...]:
    """What is missing for the fault to count as fired; empty when it fired."""
    return tuple(_unmet(expectation, tuple(evidence)))


def _unmet(expectation: Expectation, evidence: tuple[Evidence, ...]) -> Iterator[str]:
    yield from _unmet_nature(expectation, evidence)
    classes = [name for names in _classes(evidence) for name in names]
    if expectation.exception and not any(_names(expectation.exception, name) for name in classes):
        yield f"no exception {expectation.exception}"
    if expectation.match and not any(
        re.search(expectation.match, text) for text in _texts(evidence, Seen.MESSAGE)
    ):
        yield f"no message matches {expectation.match!r}"
    if expectation.output and not any(
        item.what is Seen.OUTPUT and item.source is Source.GATE for item in evidence
    ):
        yield f"the output doesn't match {expectation.output!r}"
    if expectation.exit_code and not set(expectation.exit_code) & set(_statuses(evidence)):
        allowed = " or ".join(str(code) for code in expectation.exit_code)
        yield f"no exit status {allowed}"
    yield from _unmet_answers(expectation, evidence)


def _unmet_answers(expectation: Expectation, evidence: tuple[Evidence, ...]) -> Iterator[str]:
    """Of a burst every answer must be as expected: one that isn't was no fault."""
    answers = set(_answered(evidence))
    if expectation.status and not (answers and answers <= set(expectation.status)):
        allowed = " or ".join(str(code) for code in expectation.status)
        yield f"not every answer has status {allowed}"
    bodies = {item.what for item in evidence if item.source is Source.GATE}
    if expectation.body and (Seen.BODY not in bodies or Seen.OTHER_BODY in bodies):
        yield f"not every answer matches {expectation.body!r}"


def _unmet_nature(expectation: Expectation, evidence: tuple[Evidence, ...]) -> Iterator[str]:
    if expectation.nature is Nature.SWEPT:
        yield from _unmet_sweep(expectation, evidence)
        return
    returned = any(item.what is Seen.RETURNED for item in evidence)
    if expectation.recovers:
        answers = list(_answered(evidence))
        unanswered = _seen(evidence, Seen.NO_ANSWER)
        served = bool(answers) and max(answers) < FIRST_ERROR and not unanswered
        if not returned and not served and 0 not in _statuses(evidence):
            yield "it should have recovered from the error"
        if expectation.output is None:
            yield "nothing but expect.output can show an error that the workload swallows"
        return
    if not _shows(expectation, evidence):
        helped = expectation.nature is Nature.OUT_OF_MEMORY and returned and _ran_out(evidence)
        yield f"no sign of {expectation.nature.value}{_HELPED if helped else ''}"


def _unmet_sweep(expectation: Expectation, evidence: tuple[Evidence, ...]) -> Iterator[str]:
    """Of a sweep the worker knows where it raised: the rest is how the inferences ended."""
    points, raised, failed, missed = (
        _number(evidence, what)
        for what in (Seen.POINTS, Seen.POINTS_RAISED, Seen.POINTS_FAILED, Seen.POINTS_MISSED)
    )
    hidden = [item.value for item in evidence if item.what is Seen.OUT_OF_REACH]
    if hidden:
        words = "; ".join(hidden[0]) if isinstance(hidden[0], tuple) else str(hidden[0])
        yield f"the sweep can't reach all of the inference: {words}"
    elif points == 0:
        yield "no operator of the inference asks for memory"
    elif raised == 0:
        yield f"no operator ran out of memory at any of its {points} points"
    elif missed > raised:
        yield f"{missed} points never came, {raised} did: it isn't the inference that was counted"
    elif expectation.recovers and failed > 0:
        yield f"it should have recovered from the error, and failed at {failed} of {raised} points"
    elif not expectation.recovers and failed == 0:
        yield f"the inference returned from each of the {raised} errors{_RECOVERS}"


def _shows(expectation: Expectation, evidence: tuple[Evidence, ...]) -> bool:
    """Whether the evidence shows what the fault's nature demands."""
    match expectation.nature:
        case Nature.EXCEPTION:
            return any(True for _ in _classes(evidence))
        case Nature.OUT_OF_MEMORY:
            # An inference that returned had no error: a library may have met one and helped itself.
            wrapped = any(True for _ in _classes(evidence)) and _ran_out(evidence)
            return is_out_of_memory(evidence) or wrapped
        case Nature.SWEPT:
            return not any(_unmet_sweep(expectation, evidence))
        case Nature.INJECTED:
            return any(_names(INJECTED_CLASS, names[0]) for names in _classes(evidence) if names)
        case Nature.FAILING_EXIT | Nature.KILLED:
            return _shows_by_exit(expectation.nature, set(_statuses(evidence)), evidence)
        case Nature.CHILD_KILLED | Nature.ANSWERED | Nature.DISCONNECTED:
            return _shows_clients(expectation, evidence)


def _shows_by_exit(nature: Nature, statuses: set[int], evidence: tuple[Evidence, ...]) -> bool:
    """Whether it ended as it should: by itself and failing, or killed in an inference."""
    if nature is Nature.KILLED:
        return KILLED_STATUS in statuses and _seen(evidence, Seen.KILLED_AFTER)
    return bool(statuses - {0})


def _shows_clients(expectation: Expectation, evidence: tuple[Evidence, ...]) -> bool:
    """Whether what a server's client saw shows what the fault's nature demands."""
    if expectation.nature is Nature.ANSWERED:
        return _all_answered(expectation, evidence)
    if expectation.nature is Nature.DISCONNECTED:
        return _all_left(expectation, evidence)
    return _seen(evidence, Seen.KILLED_CHILD) and _seen(evidence, Seen.KILLED_AFTER)


def _all_answered(expectation: Expectation, evidence: tuple[Evidence, ...]) -> bool:
    """Whether every request got an answer, and an error's status where none is expected."""
    answers = list(_answered(evidence))
    errors = all(status >= FIRST_ERROR for status in answers)
    complete = bool(answers) and not _seen(evidence, Seen.NO_ANSWER)
    return complete and (errors or bool(expectation.status))


def _all_left(expectation: Expectation, evidence: tuple[Evidence, ...]) -> bool:
    """Whether every client went away: of what was refused, or complete, nothing was dropped."""
    refused = any(status >= FIRST_ERROR for status in _answered(evidence))
    complete = _seen(evidence, Seen.RETURNED) or _seen(evidence, Seen.NO_ANSWER)
    dropped = _seen(evidence, Seen.LEFT_AT) and not complete
    return dropped and (not refused or bool(expectation.status))


def _seen(evidence: tuple[Evidence, ...], what: Seen) -> bool:
    """Whether the gate itself saw that."""
    return any(item.what is what and item.source is Source.GATE for item in evidence)


def _answered(evidence: Iterable[Evidence]) -> Iterator[int]:
    """The statuses of the answers that the gate got."""
    for item in evidence:
        if item.what is Seen.STATUS and item.source is Source.GATE and isinstance(item.value, int):
            yield item.value


def is_out_of_memory(evidence: Iterable[Evidence]) -> bool:
    """Whether an exception of the chain is an out-of-memory error, by its class or its words.

    A failed import doesn't count, whatever its words: the loader has "cannot allocate memory in
    static TLS block" for a library that comes too late.
    """
    classes: tuple[str, ...] = ()
    for item in evidence:
        if item.what is Seen.EXCEPTION and isinstance(item.value, tuple):
            classes = item.value
            if {name.rpartition(".")[2] for name in classes} & _OUT_OF_MEMORY_CLASSES:
                return True
        said = item.value if item.what is Seen.MESSAGE and isinstance(item.value, str) else ""
        if "ImportError" not in classes and _OUT_OF_MEMORY_TEXT.search(said):
            return True
    return False


def _number(evidence: Iterable[Evidence], what: Seen) -> int:
    """How many points: the workload's own word, and 0 where it says nothing."""
    return next(
        (item.value for item in evidence if item.what is what and isinstance(item.value, int)), 0
    )


def _ran_out(evidence: Iterable[Evidence]) -> bool:
    """Whether torch's allocator counted an error, whatever became of it."""
    return any(
        item.what is Seen.ALLOCATOR_OOMS
        and item.source is Source.WORKLOAD
        and isinstance(item.value, int)
        and item.value > 0
        for item in evidence
    )


def _names(wanted: str, full_name: str) -> bool:
    return full_name == wanted or full_name.endswith("." + wanted)


def _classes(evidence: Iterable[Evidence]) -> Iterator[tuple[str, ...]]:
    for item in evidence:
        if item.what is Seen.EXCEPTION and isinstance(item.value, tuple):
            yield item.value


def _texts(evidence: Iterable[Evidence], what: Seen) -> Iterator[str]:
    for item in evidence:
        if item.what is what and isinstance(item.value, str):
            yield item.value


def _statuses(evidence: Iterable[Evidence]) -> list[int]:
    # Statuses count only from the kernel: the workload's own word for its exit is worth nothing.
    return [
        item.value
        for item in evidence
        if item.what is Seen.EXIT_STATUS
        and item.source is Source.KERNEL
        and isinstance(item.value, int)
    ]


_EXCERPT: Final = 200


def found_in(pattern: str, output: str) -> str | None:
    """The piece of output that the pattern matches (at most 200 characters), or None."""
    found = re.search(pattern, output, re.MULTILINE)
    return None if found is None else found.group(0)[:_EXCERPT]
