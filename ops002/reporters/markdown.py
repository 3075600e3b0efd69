"""Text from code under test as GitHub's Markdown shows it: as what it is, and as nothing else.

Names, messages and output can hold tables, links, images, HTML, mentions of people and teams. A
backslash isn't enough against all of them: GitHub looks for mentions in the text that is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ops002.text import clean

_APART: Final = "\u200b"
"""A space of no width: what stands before and behind it is no mention, no issue and no address."""

# A character given by its number is text wherever it stands: no list, no link, no emphasis.
_PROSE: Final = str.maketrans(
    {
        **{char: f"&#{ord(char)};" for char in r"&<>*_~`[]{}\|!$^:.+-="},
        **{char: f"&#{ord(char)};{_APART}" for char in "@#"},
    }
)
# Between backticks nothing is markup but these, of which the second ends a cell of a table.
_CODE: Final = str.maketrans({"`": "'", "|": "\u00a6"})


def prose(text: str) -> str:
    """A sentence that may quote the workload, as part of a paragraph."""
    return clean(text).strip().translate(_PROSE)


def code(text: str) -> str:
    """A name in a fixed width, fit for a table's cell, too."""
    shown = clean(text).translate(_CODE).strip()
    return f"`{shown}`" if shown else "(empty)"


def block(lines: Iterable[str]) -> str:
    """Lines as they are. Each has a mark before it: none of them can be the block's last."""
    return fence(f"| {clean(line)}".rstrip() for line in lines)


def fence(lines: Iterable[str], language: str = "text") -> str:
    """Lines of ours: none of them may begin with a backtick."""
    return "\n".join([f"```{language}", *lines, "```"])


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; its cells must be fit for one."""
    titles = list(headings)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def fold(title: str, content: str) -> str:
    """What is shown only when asked for."""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"
