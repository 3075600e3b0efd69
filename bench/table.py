"""A row of the table: a ratio and the most it should be, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measured ratio."""

    label: str
    ratio: float
    limit: float

    def render(self) -> str:
        """The row as a line of text."""
        word = "ok" if self.ratio <= self.limit else "OVER"
        return f"{self.label:<66} {self.ratio:7.2f}   at most {self.limit:g}   {word}"


@dataclass(frozen=True)
class LeftOut:
    """Rows that can't be measured on this machine."""

    label: str
    why: str

    def render(self) -> str:
        """The reason as a line of text."""
        return f"{self.label:<66} left out: {self.why}"
