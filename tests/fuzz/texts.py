"""Config texts: almost valid, written in every way that YAML allows and some that it doesn't."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

from ops002.config.messages import _FAULTS, _SECTIONS
from tests.configs import COMMAND, PYTHON

_DOCS: Final = Path(__file__).parents[2] / "docs" / "config.md"
_EXAMPLE: Final = _DOCS.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
VALID: Final = (PYTHON, COMMAND, _EXAMPLE)

_KEYS: Final = sorted({key for section in _SECTIONS.values() for key in section.model_fields})
_NEAR_KEYS: Final = ("tolerence", "Faults", "env ", "kind:")
_ODD_KEYS: Final = (
    '""',
    "<<",
    "?",
    "~",
    "1",
    "yes",
    "=",
    "[a]",
    "{a: b}",
    "'a b'",
    '"\\n::error::x"',
    '"##[error]x"',
    '"\\ud800"',
    "ключ",
    "a.b[0]",
    "__class__",
    "k" * 1025,
)

_GOOD: Final = (
    *("1", "0", "5", "cpu", "python", "command", "fail", "accept", "serving", "exited", "~"),
    *("64MiB", "0B", "256MiB", "30s", "500ms", "1.5s", "boom", "a.py", "true", "[1]", "[a, b]"),
    *sorted(_FAULTS),
    "{kind: call, expect: {match: x}}",
    "{kind: exit, expect: {exit_code: [1]}}",
    "{A: b}",
)
_ODD: Final = (
    *("server", "oom-sweep", "request", "disconnect"),
    *("1:30", "190:20:30", "0777", "0x1F", "0b1", "1_000", "9" * 30, "-1", "+1", "1e400", "1.5"),
    *(".inf", "-.INF", ".nan", "yes", "NO", "on", "True", "null", "Null", "2026-01-02", "="),
    *("257MiB", "64", "64MB", "999999999999999GiB", "1000000000000000B", "0s", "0.4ms", "-1s"),
    *("٣s", "1５MiB", "64 MiB", "64\u00a0MiB", "cuda", "cuda:0"),  # noqa: RUF001
    *('"\\x1b[31m"', '"\\u202e"', '"\\ud800"', '"\\0"', '"\\n::error::x"', '"::add-mask::x"'),
    *('"##[error]x"', "'##[group]'", '"\\U0010FFFF"', '"\\x85"', '"\\L"', "größer 日本語"),
    *('"(x+)+"', '"("', '"[[a]"', '"a(?i)b"', '"(?L)a"', '"x{99999999999}"', '"(?P<a>.)(?P<a>.)"'),
    *('"[a--b]"', '"\\\\"', '"(?(1)a|b)"', "'" + "(" * 300 + ")" * 300 + "'"),
    *("!!str 1", "!!int x", "!!set {a}", "!!omap [a: 1]", "!!binary eA==", "!thing 1", "!!bool 1"),
    *("!!python/object/apply:os.system [x]", "!!float 1", "!!null x", "!!timestamp x", "! 5"),
    *("*a", "*b", "&a 1", "&a [x]", "&b {k: *a}", "[*a, *b]", "<<", "{<<: *a}", "|", ">-", "@x"),
    *("[", "]", "{", "}", "[]", "{}", '""', "''", '"', "'", "-", "- - a", "? a", ": a", "%", "`"),
    "a" * 5000,
    "[" * 45 + "]" * 45,
)
_anchors: Final = st.sampled_from(
    ("", "", "", "", "", "", " &a", " &b", " !!map", " !!seq", " !t", " !!str")
)

_bytes: Final = st.binary(max_size=80)
_chars: Final = st.text(st.characters(), max_size=80)
_punctuation: Final = st.lists(
    st.sampled_from([*"-:?[]{},#&*!|>'\"%@` \n\t\r\x85\u2028ab1", "<<", "!!", "\\U", "---", "..."]),
    max_size=30,
).map("".join)

_keys: Final = st.one_of(
    st.sampled_from(_KEYS), st.sampled_from(_KEYS), st.sampled_from((*_NEAR_KEYS, *_ODD_KEYS))
)
_words: Final = st.text(st.characters(exclude_categories=["C"]), max_size=6)
_scalars: Final = st.one_of(
    st.sampled_from(_GOOD), st.sampled_from(_GOOD), st.sampled_from(_ODD), _words
)


def _indented(text: str) -> str:
    return "\n" + "\n".join(f"  {line}" for line in text.split("\n"))


def _after(mark: str, value: str) -> str:
    return f"{mark}{value}" if value.startswith("\n") else f"{mark} {value}"


def _mapping(pairs: list[tuple[str, str, str]]) -> str:
    return "\n".join(_after(f"{key}:{anchor}", value) for key, anchor, value in pairs)


def _sequence(items: list[str]) -> str:
    return "\n".join(_after("-", item) for item in items)


def _nodes(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(_keys, _anchors, inner), min_size=1, max_size=5)
    items = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        pairs.map(_mapping).map(_indented),
        items.map(_sequence).map(_indented),
        items.map(lambda some: f"[{', '.join(some)}]"),
        pairs.map(
            lambda some: f"{{{', '.join(_after(f'{k}:{a}', value) for k, a, value in some)}}}"
        ),
    )


_trees: Final = st.recursive(_scalars, _nodes, max_leaves=12)
_documents: Final = st.lists(st.tuples(_keys, _anchors, _trees), min_size=1, max_size=6).map(
    _mapping
)


def _edited(draw: st.DrawFn, text: str) -> str:
    """The text with one line given another value, or twice, or gone, or with one more after it."""
    lines = text.split("\n")
    place = draw(st.integers(0, len(lines) - 1))
    line = lines[place]
    indent = line[: len(line) - len(line.lstrip(" -"))].replace("-", " ")
    match draw(st.sampled_from(["value", "inner", "inner", "line", "twice", "gone", "typed"])):
        case "value":
            key, colon, _ = line.partition(":")
            grown = _after(f"{key}{colon}", draw(_scalars | _trees)).replace("\n", f"\n{indent}")
            lines[place] = grown
        case "inner":
            # A value of a flow mapping or list.
            spans = [found.span() for found in re.finditer(r"[^ ,:{}\[\]]+", line)]
            start, end = draw(st.sampled_from(spans)) if spans else (0, 0)
            lines[place] = line[:start] + draw(_scalars) + line[end:]
        case "line":
            added = _mapping([(draw(_keys), draw(_anchors), draw(_scalars | _trees))])
            lines.insert(place + 1, indent + added.replace("\n", f"\n{indent}"))
        case "twice":
            lines.insert(place, line)
        case "gone":
            del lines[place]
        case _:
            start = draw(st.integers(0, len(line)))
            end = draw(st.integers(start, min(len(line), start + 4)))
            lines[place] = line[:start] + draw(_punctuation) + line[end:]
    return "\n".join(lines)


@st.composite
def _almost_valid(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 3))):
        text = _edited(draw, text)
    return text


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


any_bytes: Final = _bytes | (_chars | _punctuation).map(_encoded)
almost_configs: Final = st.one_of(
    _almost_valid(), _almost_valid(), _almost_valid(), _documents
).map(_encoded)
