"""The one border that text from outside crosses on its way into a measurement.

Exception messages, command lines and output are written by code under test: they can hold escape
sequences, bidirectional overrides, lone surrogates, or a gigabyte.
"""

from __future__ import annotations

from typing import Final

LINE_LIMIT: Final = 2000
"""Characters kept of one text: enough for a message, too little to bloat a report."""


def clean(text: str, limit: int = LINE_LIMIT) -> str:
    """One printable line: whatever isn't printable is shown as an escape, the rest is cut."""
    kept = text[:limit]
    shown = "".join(char if char.isprintable() else _escape(char) for char in kept)
    dropped = len(text) - len(kept)
    return f"{shown} … ({dropped} more characters)" if dropped else shown


def inert(line: str) -> str:
    """A line that a CI runner doesn't take for a command of the workflow."""
    # `::` is a command where a line starts with it, `##[` wherever it stands.
    # Runners end lines at a carriage return, too.
    apart = line.replace("##[", "## [").replace("\r", "\\r")
    return f"| {apart.lstrip()}" if apart.lstrip().startswith("::") else apart


def _escape(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")
