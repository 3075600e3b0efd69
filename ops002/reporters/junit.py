"""The result as JUnit XML, which other tools gather: a suite per scenario, a case per check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from ops002.reasons import Outcome, Reason
from ops002.result import GateResult, TrialResult, counted_trials
from ops002.text import clean
from ops002.units import show_delta
from ops002.verdict.judge import Check
from ops002.wording.result import explanation, headline

NAME: Final = "ops002-junit.xml"

# To a reader of JUnit a failure was tested and an error wasn't: as fail and inconclusive are.
_ELEMENTS: Final = {Outcome.FAIL: "failure", Outcome.INCONCLUSIVE: "error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """``message`` and ``text`` say why it is red."""

    name: str
    outcome: Outcome
    reason: Reason
    seconds: float = 0.0
    message: str = ""
    text: str = ""
    output: tuple[str, ...] = ()


def render(result: GateResult) -> str:
    """The XML document. It has a red case if and only if the result is red."""
    counted = counted_trials(result)
    suites = {name: list[_Case]() for name in dict.fromkeys(one.scenario for one in counted)}
    for trial in counted:
        suites[trial.scenario] += _cases(trial)
    if all(trial.reason is not result.reason for trial in counted):
        suites.setdefault("", []).append(_run(result))
    cases = [case for suite in suites.values() for case in suite]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="ops002"{_sums(cases)}>']
    for name, suite in suites.items():
        shown = f" name={_attribute(name or 'ops002')}{_sums(suite)}"
        lines.append(f"<testsuite{shown} timestamp={_attribute(result.started_at)}>")
        lines += [_case(case, name or "ops002") for case in suite]
        lines.append("</testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _run(result: GateResult) -> _Case:
    """What is so of the run itself, and of none of its trials."""
    return _Case(
        name="the run",
        outcome=result.outcome,
        reason=result.reason,
        message=headline(result),
        text=headline(result),
    )


def _cases(trial: TrialResult) -> Iterator[_Case]:
    for check in trial.checks:
        moved = "nothing measured" if check.delta_bytes is None else show_delta(check.delta_bytes)
        yield _Case(
            name=f"{trial.fault}: {check.phase.value} on {check.device}",
            outcome=check.outcome,
            reason=check.reason,
            seconds=_seconds(check),
            message=f"{check.reason.value}: {moved}",
            text=explanation(trial),
            output=trial.measurement.output_tail,
        )
    if not trial.checks:
        yield _Case(
            name=trial.fault,
            outcome=trial.outcome,
            reason=trial.reason,
            message=trial.reason.value,
            text=explanation(trial),
        )


def _seconds(check: Check) -> float:
    """How long it took to settle, if a time can be that."""
    seconds = check.settle_seconds or 0.0
    return seconds if 0 <= seconds < float("inf") else 0.0


def _sums(cases: list[_Case]) -> str:
    count = {outcome: sum(case.outcome is outcome for case in cases) for outcome in Outcome}
    return (
        f' tests="{len(cases)}" failures="{count[Outcome.FAIL]}" '
        f'errors="{count[Outcome.INCONCLUSIVE]}" time="{sum(one.seconds for one in cases):.3f}"'
    )


def _case(case: _Case, suite: str) -> str:
    start = f"<testcase name={_attribute(case.name)} classname={_attribute(suite)}"
    start += f' time="{case.seconds:.3f}"'
    if case.outcome is Outcome.PASS:
        return f"{start}/>"
    kind = _ELEMENTS[case.outcome]
    red = f"<{kind} message={_attribute(case.message)} type={_attribute(case.reason.value)}>"
    output = "\n".join(escape(clean(line)) for line in case.output)
    shown = f"<system-out>{output}</system-out>" if output else ""
    return f"{start}>{red}{escape(clean(case.text))}</{kind}>{shown}</testcase>"


def _attribute(text: str) -> str:
    return quoteattr(clean(text))
