"""The border that text from outside crosses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.text import LINE_LIMIT, clean, inert

any_text = st.text(st.characters(exclude_categories=[]), max_size=50)
printable_text = any_text.filter(str.isprintable)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, größer, 日本語 ✓", "plain text, größer, 日本語 ✓"),
        ("", ""),
        ("two\nlines\r\n", "two\\nlines\\r\\n"),
        ("\n::error::forged", "\\n::error::forged"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]8;;http://x\x07link", "\\x1b]8;;http://x\\x07link"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("a\u2028b\u2029c\x85d", "a\\u2028b\\u2029c\\x85d"),
        ("\ud800", "\\ud800"),
        ("\x00", "\\x00"),
        ("\U000e0041", "\\U000e0041"),
        ("a\xa0b\u200bc", "a\\xa0b\\u200bc"),
        ("tab\there", "tab\\there"),
    ],
)
def test_what_is_not_printable_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(any_text, st.integers(0, 60))
def test_whatever_comes_in_one_printable_line_goes_out(text: str, limit: int) -> None:
    shown = clean(text, limit)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    assert shown.encode("utf-8").decode("utf-8") == shown


@given(printable_text)
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


@given(any_text)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_long_text_is_cut_and_says_by_how_much() -> None:
    assert clean("abcdef", 4) == "abcd … (2 more characters)"
    assert clean("abcd", 4) == "abcd"
    assert clean("x" * 10**6).startswith("x" * LINE_LIMIT + " … (998000 more")


def test_escapes_can_not_blow_a_text_up() -> None:
    assert len(clean("\U000e0041" * 10**5)) <= 10 * LINE_LIMIT + 40


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("a::b # [c", "a::b # [c"),
        ("  indented", "  indented"),
        ("::error::x", "| ::error::x"),
        ("  ::error::x", "| ::error::x"),
        ("##[error]x", "## [error]x"),
        ("a.yml:1: ##[error]x", "a.yml:1: ## [error]x"),
        ("::x::##[error]x", "| ::x::## [error]x"),
        ("said\r::error::forged", "said\\r::error::forged"),
    ],
)
def test_no_line_is_a_command_to_a_ci_runner(line: str, shown: str) -> None:
    """Runners take `::` at the start of a line, however indented, and `##[` anywhere in it."""
    assert inert(line) == shown
