"""The result as GitHub's Markdown: for the step's summary, and for the check run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ops002.holders import Holder
from ops002.reasons import Outcome
from ops002.reporters import charts, setup
from ops002.reporters.annotations import NOT_GATING
from ops002.reporters.commands import judge_again, run_again
from ops002.reporters.markdown import block, code, fence, fold, prose, table
from ops002.reporters.places import Places
from ops002.result import GateResult, TrialResult, counted_trials, deciding_trial
from ops002.units import show_delta, show_size
from ops002.verdict.judge import Check
from ops002.wording.advice import ADVICE
from ops002.wording.result import advice, gate_remark, headline, particulars, trial_line
from ops002.wording.sweep import remarks

MOST_BYTES: Final = 1024 * 1024
"""Of a step's summary; the runner drops one that is larger, the whole of it."""
_ROOM: Final = 900_000
_MOST_ROWS: Final = 200
_OUTPUT_LINES: Final = 10

_MARKS: Final = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.INCONCLUSIVE: "⚠️"}
_UNMEASURED: Final = "not measured"
_LOUD: Final = (
    f"> **{NOT_GATING}.** The step succeeds whatever is found (`mode: report`). Leave `mode` out, "
    "and a red result fails the check."
)


def render(result: GateResult, places: Places, *, gates: bool) -> str:
    """The whole summary, less than a mebibyte: what doesn't fit is said to be missing."""
    return _joined([*_head(result, gates=gates), *_details(result, places)])


def head(result: GateResult, *, gates: bool) -> str:
    """The verdict, what every red fault means, and the table of checks."""
    return _joined(_head(result, gates=gates))


def details(result: GateResult, places: Places) -> str:
    """Memory over time, holders, how it was measured, how to see it again."""
    return _joined(_details(result, places))


def without_result(reason: str, why: Sequence[str], *, red: bool = True) -> str:
    """The summary where nothing was judged; ``red`` unless the step doesn't gate."""
    lines = [f"- {prose(line)}" for line in why]
    mark = _MARKS[Outcome.INCONCLUSIVE]
    so = "so this is red" if red else "and a gate would be red"
    advice = f"Nothing was tested, {so}. Mend what is named and run it again."
    loud = "" if red else _LOUD
    return _joined([loud, f"## {mark} INCONCLUSIVE {prose(reason)}", "\n".join(lines), advice])


def _joined(sections: Iterator[str] | Sequence[str]) -> str:
    kept: list[str] = []
    size, left = 0, 0
    for section in filter(None, sections):
        more = len(section.encode("utf-8", "backslashreplace")) + len("\n\n")
        if size + more > _ROOM:
            left += 1
        else:
            kept.append(section)
            size += more
    if left:
        kept.append(
            f"**{left} parts of this summary were too long and are left out**; the report has all "
            "of it."
        )
    return "".join(f"{section}\n\n" for section in kept)


def _head(result: GateResult, *, gates: bool) -> Iterator[str]:
    if not gates:
        yield _LOUD
    yield f"## {_MARKS[result.outcome]} {prose(headline(result))}"
    remark = gate_remark(result.environment.git)
    if remark is not None:
        yield f"> ⚠️ **{prose(remark)}**"
    red = [trial for trial in counted_trials(result) if trial.outcome is not Outcome.PASS]
    deciding = deciding_trial(result)
    for trial in red:
        sentences = [] if trial is deciding else [f"{trial_line(trial)}."]
        told = prose(" ".join((*sentences, *particulars(trial))))
        name = f"{code(trial.scenario)}, {prose(trial.fault)}"
        yield f"{_MARKS[trial.outcome]} {name}: **{trial.reason.value}**. {told}"
        yield f"**What to do:** {prose(advice(trial))}"
    if not red and result.outcome is not Outcome.PASS:
        yield f"**What to do:** {prose(ADVICE[result.reason])}"
    yield from _checks(result)


def _checks(result: GateResult) -> Iterator[str]:
    rows = [(trial, check) for trial in result.trials for check in trial.checks]
    if not rows:
        yield "No check was made."
        return
    titles = ("outcome", "scenario", "fault", "phase", "device", "baseline", "after", "delta")
    more = ("tolerance", "at stake", "detects from")
    yield table((*titles, *more), (_row(*row) for row in rows[:_MOST_ROWS]))
    if len(rows) > _MOST_ROWS:
        yield f"{len(rows) - _MOST_ROWS} more checks are in the report."


def _row(trial: TrialResult, check: Check) -> Iterator[str]:
    again = f" (attempt {trial.attempt})" if trial.attempt > 1 else ""
    word = "pass" if check.outcome is Outcome.PASS else check.reason.value
    yield f"{_MARKS[check.outcome]} {word}{again}"
    yield code(trial.scenario)
    yield code(trial.fault)
    yield check.phase.value
    yield code(check.device)
    yield _size(check.baseline_bytes)
    yield _size(check.post_error_bytes)
    delta = check.delta_bytes
    yield _UNMEASURED if delta is None else f"**{_unbroken(show_delta(delta))}**"
    yield _size(check.tolerance_bytes)
    yield _size(check.at_stake_bytes)
    yield _size(check.smallest_detectable_bytes)


def _size(size: int | None) -> str:
    return _UNMEASURED if size is None else _unbroken(show_size(size))


def _unbroken(words: str) -> str:
    """Words that stay on one line of a cell."""
    return words.replace(" ", "\u00a0")


def _details(result: GateResult, places: Places) -> Iterator[str]:
    counted = sorted(counted_trials(result), key=lambda one: one.outcome is Outcome.PASS)
    if counted:
        yield "### Memory over time"
    for trial in counted:
        yield from charts.bars(trial)
    for trial in counted:
        yield from _about(trial)
    for trial in counted:
        yield from charts.chart(trial)
    yield fold("How it was measured", setup.render(result))
    yield fold("How to see it on your machine", _again(counted, places))


def _about(trial: TrialResult) -> Iterator[str]:
    """Who holds it, what was remarked, the end of a red trial's output."""
    name = f"{code(trial.scenario)}, {prose(trial.fault)}"
    if trial.holders:
        titles = ("what", "bytes", "who", "where", "how")
        yield f"### Who holds it: {name}"
        yield table(titles, map(_holder, trial.holders[:_MOST_ROWS]))
    notes = remarks(trial)
    if notes:
        listed = "\n".join(f"- {prose(note)}" for note in notes[:_MOST_ROWS])
        yield fold(f"Remarks: {len(notes)}", f"{name}\n\n{listed}")
    tail = trial.measurement.output_tail[-_OUTPUT_LINES:]
    if tail and trial.outcome is not Outcome.PASS:
        yield fold("The last of its output", f"{name}\n\n{block(tail)}")


def _holder(holder: Holder) -> Iterator[str]:
    yield holder.kind.value
    yield "unknown" if holder.bytes is None else show_size(holder.bytes)
    yield code(holder.name if holder.pid is None else f"{holder.name} (PID {holder.pid})")
    line = "" if holder.line is None else f":{holder.line}"
    yield "" if holder.file is None else code(f"{holder.file}{line}")
    yield code(holder.detail)


def _again(counted: Sequence[TrialResult], places: Places) -> str:
    names = dict.fromkeys(trial.scenario for trial in counted)
    runs = [run_again(places, name) for name in names]
    return "\n\n".join(
        (
            "Measure it again, from the root of the repository (`pip install` ops002 first):",
            fence(runs, "sh"),
            "Judge the same readings again, in the folder of this run's report:",
            fence([judge_again()], "sh"),
        )
    )
