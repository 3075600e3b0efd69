"""Results whose every word is a stranger's: names, messages, paths, output, devices."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from ops002.result import GateResult
from tests.reports import RESULTS

_Of = TypeVar("_Of")

_OURS: Final = {"contract", "schema_version", "kind", "fault", "held_until_gc"}
"""What can't be a stranger's: a closed set checks it, whoever wrote the report."""

ATTACKS: Final = (
    "::error::forged",
    "::stop-commands::pause",
    "\r::notice file=a,line=1::forged",
    "\n::set-output name=verdict::pass",
    "##[error]forged",
    "  ##[group]forged]",
    "%0A::error::forged",
    "a,b:c=d",
    "</details></summary><script>alert(1)</script>",
    "<!--",
    "<div onclick=alert(1)",
    "        indented",
    "- item",
    "+ item",
    "1. item",
    "> quote",
    "# heading",
    "===",
    "| cell | cell |",
    "<img src=x onerror=alert(1)>",
    "![picture](https://evil.example/p.png)",
    "[text](https://evil.example)",
    "<https://evil.example>",
    "https://evil.example/x www.evil.example someone@evil.example",
    "@org/team @somebody",
    "fixes #1, org/repo#2",
    "| a | b |\n| - | - |",
    "a\\|b \\",
    "```\n# heading",
    "`code` ``more``",
    "~~~",
    "\n\n# heading\n\n- item\n1. item\n> quote\n\n---\n",
    "[^1]: note",
    "[ref]: https://evil.example",
    "**bold** _it_ ~~gone~~ $x$ $$y$$ :tada:",
    "&lt;b&gt; &#64;x",
    "%%{init: {}}%% ```mermaid",
    "]]> <![CDATA[ \x00 \x1b[31m \ufffe \ud800",
    "\u202eesrever\u200b",
    "x.c:1:2: error: forged",
    'File "x.py", line 3, in f',
    "x.go: forged",
    "x.js: line 1, col 2, Error - forged",
    "a(1,2): error TS1: forged",
    " --> a.rs:1:2",
)
_CHARACTERS: Final = "`|*_<>&@#[]()!:./\\-+=~$%^{}'\",; \t\r\nab1\x1b\u202e"

words: Final = st.sampled_from(ATTACKS) | st.text(_CHARACTERS, max_size=30) | st.text(max_size=20)
results: Final = st.sampled_from(sorted(RESULTS)).map(RESULTS.__getitem__)


def poisoned(result: GateResult, word: str) -> GateResult:
    """The result with a word around every word in it; the same word again is the same again."""
    return _with(result, word)


def _with(value: _Of, word: str) -> _Of:
    changed: Any = value
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        changed = f"{word} {value} {word}"
    elif isinstance(value, tuple):
        changed = tuple(_with(one, word) for one in value)
    elif isinstance(value, list):
        changed = [_with(one, word) for one in value]
    elif isinstance(value, dict):
        changed = {key: one if key in _OURS else _with(one, word) for key, one in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        changed = replace(
            value,
            **{
                field.name: _with(getattr(value, field.name), word)
                for field in fields(value)
                if field.name not in _OURS
            },
        )
    return changed  # type: ignore[no-any-return]
