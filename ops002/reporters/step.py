"""All that a step of a workflow says, from one value: so that nothing can disagree; pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from ops002.reasons import Outcome, Reason
from ops002.reporters import check_run, console, junit, summary
from ops002.reporters.annotations import MOST, Annotation, Level, title
from ops002.reporters.annotations import render as annotated
from ops002.reporters.check_run import CheckOutput
from ops002.reporters.places import Place, Places
from ops002.result import EXIT_BUG, EXIT_FAIL, EXIT_INCONCLUSIVE, GateResult, counted_trials
from ops002.text import clean

CONFIG_ERROR: Final = "config-error"
_View = TypeVar("_View")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a step ends: its exit code, and everything that is said of it.

    ``log`` may hold the workload's words; ``junit`` is None where nothing was judged.
    """

    code: int
    outputs: dict[str, str]
    annotations: tuple[Annotation, ...]
    log: str
    summary: str
    check: CheckOutput
    junit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why nothing was judged: the exit code, the reason, and each problem with its place."""

    code: int
    reason: str
    problems: Sequence[tuple[str, Place | None]]


def of_result(result: GateResult, report_path: str, places: Places, *, gates: bool) -> Ending:
    """The end of a step whose run was judged. A view that can't be made is a defect, and red."""
    defects: list[str] = []
    none: tuple[Annotation, ...] = ()
    found = _made(defects, "annotations", lambda: annotated(result, places, gates=gates), none)
    log = _made(defects, "log", lambda: console.render(result, colour=False), "")
    text = _made(defects, "summary", lambda: summary.render(result, places, gates=gates), "")
    cases = _made(defects, "JUnit file", lambda: junit.render(result), None)
    check = _made(defects, "check run", lambda: check_run.render(result, places, gates=gates), None)
    reds = {EXIT_FAIL, EXIT_INCONCLUSIVE}
    if check is not None and not defects:
        return Ending(
            code=0 if not gates and result.exit_code in reds else result.exit_code,
            outputs=_outputs(result.outcome, result.reason.value, _worst(result), report_path),
            annotations=found,
            log=log,
            summary=text,
            check=check,
            junit=cases,
        )
    passed = result.outcome is Outcome.PASS
    cause = Cause(
        code=EXIT_BUG if passed or not gates else result.exit_code,
        reason=(Reason.INTERNAL_ERROR if passed else result.reason).value,
        problems=[(f"a defect of ops002, please report it: {one}", None) for one in defects],
    )
    without = not_judged(cause, gates=True)
    if passed:
        return without  # nothing may look green
    return replace(
        without,
        outputs=_outputs(result.outcome, cause.reason, _worst(result), report_path),
        annotations=(*found, *without.annotations)[:MOST],
        log=log,
        summary=without.summary + text,
        junit=cases,
    )


def not_judged(cause: Cause, *, gates: bool) -> Ending:
    """The end of a step that judged nothing: an annotation per problem, on its line."""
    code = 0 if not gates and cause.code == EXIT_INCONCLUSIVE else cause.code
    red = code != 0
    level = Level.FAILURE if red else Level.WARNING
    named = title(Outcome.INCONCLUSIVE, cause.reason, gates=gates)
    problems = list(cause.problems)
    if len(problems) > MOST:
        left = len(problems) - (MOST - 1)
        problems = [*problems[: MOST - 1], (f"and {left} more problems", None)]
    found = tuple(
        Annotation(
            level=level,
            title=named,
            message="\n".join(map(clean, message.splitlines())),
            place=place,
        )
        for message, place in problems
    )
    why = [message for message, _ in cause.problems]
    return Ending(
        code=code,
        outputs=_outputs(Outcome.INCONCLUSIVE, cause.reason, "", ""),
        annotations=found,
        log="",
        summary=summary.without_result(cause.reason, why, red=red),
        check=check_run.without_result(cause.reason, why, found, red=red),
        junit=None,
    )


def _made(defects: list[str], view: str, render: Callable[[], _View], otherwise: _View) -> _View:
    """A view, or what stands in for it; one that fails keeps no other from being made."""
    try:
        return render()
    except Exception as error:  # noqa: BLE001 (a reporter's defect must be told, by the others)
        defects.append(clean(f"the {view} could not be made: {type(error).__name__}: {error}"))
        return otherwise


def _outputs(outcome: Outcome, reason: str, worst: str, report_path: str) -> dict[str, str]:
    return {
        "verdict": outcome.value,
        "reason": reason,
        "worst_delta_bytes": worst,
        "report_path": report_path,
    }


def _worst(result: GateResult) -> str:
    """The largest change that was judged; empty if none was measured."""
    checks = [check for trial in counted_trials(result) for check in trial.checks]
    deltas = [check.delta_bytes for check in checks if check.delta_bytes is not None]
    return str(max(deltas, key=abs)) if deltas else ""
