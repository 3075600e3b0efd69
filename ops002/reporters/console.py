"""The result for a person at a terminal, or a log."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ops002.reasons import Outcome
from ops002.reporters.sparkline import points, sparkline
from ops002.result import GateResult, TrialResult, counted_trials
from ops002.text import clean, inert
from ops002.units import show_delta, show_size
from ops002.verdict.judge import Check
from ops002.wording.result import explanation, growth_words, headline
from ops002.wording.sweep import remarks

_COLOURS: Final = {Outcome.PASS: "green", Outcome.FAIL: "red", Outcome.INCONCLUSIVE: "yellow"}
_WIDTH: Final = 160
"""Columns of the table of checks: never cut, whatever the terminal."""
_TEXT_WIDTH: Final = 100
_OUTPUT_LINES: Final = 10
_PICTURE: Final = 40
_LONGEST: Final = 20_000


def render(result: GateResult, *, colour: bool) -> str:
    """The checks in a table; for each red trial a paragraph; the verdict last."""
    text = io.StringIO()
    # Markup, highlighting and emoji are off: names and messages come from code under test.
    console = Console(
        file=text,
        width=_WIDTH,
        markup=False,
        highlight=False,
        emoji=False,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
    )
    if result.trials:
        console.print(_table(result))
    for line in _over_time(result):
        console.print(line, soft_wrap=True)
    for trial in counted_trials(result):  # the table has the others
        for note in remarks(trial):
            console.print(_text(f"note: {trial.scenario}, {trial.fault}: {note}"), soft_wrap=True)
        if trial.outcome is not Outcome.PASS:
            console.print(
                _text(f"{trial.scenario}, {trial.fault}: {trial.reason.value}", style="bold")
            )
            console.print(_text(explanation(trial)), width=_TEXT_WIDTH)
            _print_output(console, trial)
            console.print()
    console.print(_text(headline(result), style=f"bold {_COLOURS[result.outcome]}"), soft_wrap=True)
    return "".join(f"{inert(line.rstrip())}\n" for line in text.getvalue().splitlines())


def _text(words: str, style: str = "") -> Text:
    """Words from a result: a report can have been written by anybody, so they are cleaned again."""
    return Text(clean(words, _LONGEST), style=style)


def _print_output(console: Console, trial: TrialResult) -> None:
    tail = trial.measurement.output_tail[-_OUTPUT_LINES:]
    if tail:
        console.print(Text("the last of its output:"))
    for line in tail:
        console.print(_text(f"  | {line}"), soft_wrap=True)


def _over_time(result: GateResult) -> Iterator[Text]:
    """For each trial a small picture of its memory, and what every fault added."""
    for trial in result.trials:
        for judged in trial.measurement.devices:
            drawn = tuple(points(trial.measurement, judged))
            if not drawn:
                continue
            sizes = [size for _, size in drawn]
            seconds = drawn[-1][0] - drawn[0][0]
            words = (
                f"{trial.scenario}, {trial.fault}  {sparkline(drawn, _PICTURE)}  "
                f"{show_size(min(sizes))} to {show_size(max(sizes))} in {seconds:.0f} s; "
                f"{growth_words(trial.growth)}"
            )
            yield _text(words)


def _table(result: GateResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("scenario", overflow="fold")
    for heading in ("fault", "phase", "device"):
        table.add_column(heading, no_wrap=True)
    for heading in ("baseline", "after", "delta", "tolerance", "at stake", "detects from"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    for trial in result.trials:
        for check in trial.checks:
            table.add_row(*_row(trial, check))
    return table


def _row(trial: TrialResult, check: Check) -> list[Text]:
    figures = (
        check.baseline_bytes,
        check.post_error_bytes,
        check.delta_bytes,
        check.tolerance_bytes,
        check.at_stake_bytes,
        check.smallest_detectable_bytes,
    )
    sizes = ["not measured" if figure is None else show_size(figure) for figure in figures]
    if check.delta_bytes is not None:
        sizes[2] = show_delta(check.delta_bytes)
    words = [trial.scenario, trial.fault, check.phase.value, check.device, *sizes]
    attempt = f" (attempt {trial.attempt})" if trial.attempt > 1 else ""
    outcome = Text(
        f"{check.outcome.value} {check.reason.value}{attempt}", style=_COLOURS[check.outcome]
    )
    return [*map(_text, words), outcome]
