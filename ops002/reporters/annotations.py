"""What stands on a line of the pull request: the verdict first, then each scenario that is red."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ops002.reasons import Outcome
from ops002.reporters.commands import run_again
from ops002.reporters.places import Place, Places
from ops002.result import GateResult, TrialResult, counted_trials, deciding_trial
from ops002.text import clean
from ops002.wording.advice import ADVICE
from ops002.wording.result import advice, gate_remark, headline, particulars, trial_line

MOST: Final = 10
"""A runner shows ten of a kind from one step, and drops the others without a word."""
MOST_CHARACTERS: Final = 4096
"""Of a message; the runner cuts what is longer."""

NOT_GATING: Final = "REPORT ONLY, this does not gate"
_TITLE: Final = "OPS-002 memory gate"
_PURPOSE: Final = (
    "What this is: a gate that makes an inference fail on purpose and compares memory before and "
    "after (contract FALSIFY-OPS-002)."
)
_LONGEST_LINE: Final = 560
_MOST_PARTICULARS: Final = 4
_CUT: Final = " ... (cut; the step's summary has more)"


class Level(str, Enum):
    """How an annotation looks."""

    NOTICE = "notice"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A title, some lines, and where they belong; ``place`` is None where nobody knows."""

    level: Level
    title: str
    message: str
    place: Place | None


def render(result: GateResult, places: Places, *, gates: bool) -> tuple[Annotation, ...]:
    """The annotations, the verdict's first; those that are too many are counted in the last."""
    if result.outcome is Outcome.PASS:
        return (_passed(result, places, gates=gates), *_remarks(result))
    deciding = deciding_trial(result)
    others = [
        trial
        for trial in counted_trials(result)
        if trial is not deciding and trial.outcome is not Outcome.PASS
    ]
    level = Level.FAILURE if gates else Level.WARNING
    found = [_verdict(result, deciding, places, gates=gates), *_remarks(result)]
    found += [
        Annotation(
            level=level,
            title=title(trial.outcome, trial.reason.value, gates=gates),
            message=_message([_also(trial), *_about(trial, places)]),
            place=_place(trial, places),
        )
        for trial in others
    ]
    if len(found) > MOST:
        left = len(found) - (MOST - 1)
        more = Annotation(
            level=level,
            title=title(result.outcome, result.reason.value, gates=gates),
            message=f"And {left} more faults are red; the step's summary has all of them.",
            place=places.top,
        )
        found = [*found[: MOST - 1], more]
    return tuple(found)


def _remarks(result: GateResult) -> Iterator[Annotation]:
    """That a pull request has changed what judges it."""
    git = result.environment.git
    remark = gate_remark(git)
    if remark is not None and git.gate_changes:
        yield Annotation(
            level=Level.WARNING,
            title=f"{_TITLE}: changed by this pull request",
            message=_message([remark]),
            place=Place(git.gate_changes[0], 1),
        )


def title(outcome: Outcome, reason: str, *, gates: bool) -> str:
    """An annotation's title."""
    loud = "" if gates else f" [{NOT_GATING}]"
    return f"{_TITLE}: {outcome.value} {reason}{loud}"


def _passed(result: GateResult, places: Places, *, gates: bool) -> Annotation:
    """The measured delta of every fault."""
    lines = [headline(result), *map(trial_line, counted_trials(result)[1:])]
    return Annotation(
        level=Level.NOTICE,
        title=title(result.outcome, result.reason.value, gates=gates),
        message=_message([*lines, _PURPOSE]),
        place=places.top,
    )


def _verdict(
    result: GateResult, deciding: TrialResult | None, places: Places, *, gates: bool
) -> Annotation:
    about = [ADVICE[result.reason]] if deciding is None else _about(deciding, places)
    return Annotation(
        level=Level.FAILURE if gates else Level.WARNING,
        title=title(result.outcome, result.reason.value, gates=gates),
        message=_message([headline(result), *about, _PURPOSE]),
        place=places.top if deciding is None else _place(deciding, places),
    )


def _also(trial: TrialResult) -> str:
    return f"{trial.outcome.value.upper()} {trial.reason.value}: {trial_line(trial)}"


def _about(trial: TrialResult, places: Places) -> Iterator[str]:
    """Who holds it, what to do next, how to see it again."""
    known = particulars(trial)
    yield from known[:_MOST_PARTICULARS]
    if len(known) > _MOST_PARTICULARS:
        yield f"And {len(known) - _MOST_PARTICULARS} more, in the step's summary."
    yield f"What to do: {advice(trial)}"
    yield f"To see it on your machine: {run_again(places, trial.scenario)}"


def _message(lines: list[str]) -> str:
    """Lines cut so that no long one takes the place of what to do."""
    shown = [_cut(clean(line), _LONGEST_LINE) for line in lines]
    return _cut("\n".join(shown), MOST_CHARACTERS)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(_CUT)] + _CUT


def _place(trial: TrialResult, places: Places) -> Place | None:
    """The leaking line, if a holder has one in the repository; else the scenario's."""
    for holder in trial.holders:
        steps = (holder.file or "").split("/")
        if holder.file and steps[0] and ".." not in steps and (holder.line or 0) > 0:
            return Place(holder.file, holder.line or 1)
    return places.of(trial.scenario)
