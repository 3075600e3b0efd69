"""The log of a step: one stream, on which others' words are never commands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from ops002.commands.printing import show
from ops002.github.workflow import annotation, shown, stop_commands
from ops002.reporters.annotations import Annotation, Level

_KINDS: Final = {Level.NOTICE: "notice", Level.WARNING: "warning", Level.FAILURE: "error"}


class Log:
    """Standard output of a step. Everything goes there: two streams would come out of order."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()

    def annotate(self, one: Annotation) -> None:
        """An annotation of ours."""
        place = None if one.place is None else (one.place.file, one.place.line)
        with self._lock:
            show(annotation(_KINDS[one.level], one.title, one.message, place), self._out)

    def line(self, text: str) -> None:
        """A line of ours, whatever the names in it."""
        with self._lock:
            show(f"{shown(text)}\n", self._out)

    @contextmanager
    def fenced(self) -> Iterator[Callable[[str], None]]:
        """Shows lines of whoever's words, until the end: what comes later isn't shown.

        The fence is closed on every way out.
        """
        begin, end = stop_commands()
        is_open = True

        def show_line(line: str) -> None:
            with self._lock:
                if is_open:
                    show(f"{shown(line)}\n", self._out)

        with self._lock:
            show(begin, self._out)
        try:
            yield show_line
        finally:
            with self._lock:
                is_open = False
                show(end, self._out)
