"""The result as a check run of the commit: what GitHub's API takes, before anything is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ops002.reasons import Outcome
from ops002.reporters import summary
from ops002.reporters.annotations import NOT_GATING, Annotation, Level
from ops002.reporters.annotations import render as annotated
from ops002.reporters.places import Places
from ops002.result import GateResult
from ops002.wording.result import headline


class Conclusion(str, Enum):
    """What a check run ends with. A required check takes neutral for green: no gate says that."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAnnotation:
    """An annotation of a check run; lines count from 1."""

    path: str
    start_line: int
    end_line: int
    level: Level
    message: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutput:
    """All that a check run is completed with. ``summary`` and ``text`` are Markdown."""

    conclusion: Conclusion
    title: str
    summary: str
    text: str
    annotations: tuple[CheckAnnotation, ...]


def render(result: GateResult, places: Places, *, gates: bool) -> CheckOutput:
    """The check run of a judged run. One that doesn't gate is neutral where it isn't green."""
    loud = "" if gates else f"{NOT_GATING}: "
    red = Conclusion.FAILURE if gates else Conclusion.NEUTRAL
    return CheckOutput(
        conclusion=Conclusion.SUCCESS if result.outcome is Outcome.PASS else red,
        title=f"{loud}{headline(result)}",
        summary=summary.head(result, gates=gates),
        text=summary.details(result, places),
        annotations=_on_lines(annotated(result, places, gates=gates)),
    )


def without_result(
    reason: str, why: Sequence[str], found: Sequence[Annotation] = (), *, red: bool = True
) -> CheckOutput:
    """The check run where nothing was judged, such as after an error in the config: a failure.

    Not ``red`` is only the one of a step that succeeds all the same, since it doesn't gate.
    """
    loud = "" if red else f"{NOT_GATING}: "
    return CheckOutput(
        conclusion=Conclusion.FAILURE if red else Conclusion.NEUTRAL,
        title=f"{loud}INCONCLUSIVE {reason}: {why[0] if why else 'nothing was judged'}",
        summary=summary.without_result(reason, why, red=red),
        text="",
        annotations=_on_lines(found),
    )


def _on_lines(found: Sequence[Annotation]) -> tuple[CheckAnnotation, ...]:
    """Those whose place is known: the summary has the others."""
    return tuple(
        CheckAnnotation(
            path=one.place.file,
            start_line=one.place.line,
            end_line=one.place.line,
            level=one.level,
            message=one.message,
            title=one.title,
        )
        for one in found
        if one.place is not None
    )
