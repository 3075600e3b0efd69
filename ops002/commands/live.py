"""What a person sees while a run goes on: one line at a terminal, a line per trial in a log."""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TextIO

from ops002.commands.printing import show
from ops002.measurement import Reading, Snapshot, Stage
from ops002.reporters.sparkline import sparkline
from ops002.text import clean, inert
from ops002.units import show_size

_KEPT: Final = 400
_PICTURE: Final = 24
_USUAL_WIDTH: Final = 80
_LINE: Final = 200
_WIPE: Final = "\r\x1b[K"


class LineInLog:
    """For output that is kept: says which trial begins, and no more."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def trial(self, scenario: str, fault: str) -> None:
        """One line."""
        show(f"trying {clean(scenario)}: {fault}\n", self._out)

    def stage(self, stage: Stage, fault: int | None) -> None:
        """Nothing."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Nothing."""

    def output(self, lines: Sequence[str]) -> None:
        """What it waits for, in lines that are nobody's command."""
        shown = (inert(f"  waiting | {clean(line, _LINE)}") for line in lines)
        show("".join(f"{line}\n" for line in shown), self._out)

    def wipe(self) -> None:
        """Nothing: all of it stays."""


class LineAtTerminal:
    """One line that is drawn over and over: trial, stage, memory and how it went.

    Drawn between two readings, never during one: no thread, so nothing of it is measured.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._trial = ""
        self._stage = ""
        self._points: deque[tuple[float, int]] = deque(maxlen=_KEPT)

    def trial(self, scenario: str, fault: str) -> None:
        """Begin anew."""
        self._trial = f"{clean(scenario)}: {fault}"
        self._points.clear()

    def stage(self, stage: Stage, fault: int | None) -> None:
        """Show the stage."""
        number = "" if fault is None else f" {fault + 1}"
        self._stage = f"{stage.value}{number}"
        self._draw()

    def snapshot(self, snapshot: Snapshot) -> None:
        """Show the newest reading."""
        for reading in snapshot.readings:
            if isinstance(reading, Reading):
                self._points.append((snapshot.seconds, reading.bytes))
                break
        self._draw()

    def output(self, lines: Sequence[str]) -> None:
        """Show the last line in the place of the stage."""
        self._stage = f"waiting | {clean(lines[-1], _LINE)}" if lines else "waiting"
        self._draw()

    def _draw(self) -> None:
        if not _takes_more(self._out):
            return  # nobody reads the terminal: the run goes on without it
        words = f"{self._trial}  {self._stage:<18}"
        if self._points:
            newest = show_size(self._points[-1][1])
            words += f"{newest:>10}  {sparkline(tuple(self._points), _PICTURE)}"
        show(f"{_WIPE}{words[: _columns(self._out) - 1]}", self._out)

    def wipe(self) -> None:
        """Leave the line empty."""
        if _takes_more(self._out):
            show(_WIPE, self._out)


def _columns(out: TextIO) -> int:
    """The width of the terminal that is written to, which needn't be that of standard output."""
    try:
        return os.get_terminal_size(out.fileno()).columns or _USUAL_WIDTH
    except (OSError, ValueError):
        return _USUAL_WIDTH


def _takes_more(out: TextIO) -> bool:
    """Whether writing won't wait: a terminal that is stopped must not hold the run up."""
    try:
        return bool(select.select([], [out.fileno()], [], 0)[1])
    except (OSError, ValueError):
        return True  # no descriptor behind it: nothing can wait


@contextmanager
def looking_on(err: TextIO) -> Iterator[LineInLog | LineAtTerminal]:
    """The display that fits where ``err`` goes."""
    if not err.isatty():
        yield LineInLog(err)
        return
    line = LineAtTerminal(err)
    try:
        yield line
    finally:
        line.wipe()
