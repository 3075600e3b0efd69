"""Sizes and durations: strict in, exact out."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.units import (
    format_duration,
    format_size,
    parse_duration,
    parse_size,
    show_delta,
    show_duration,
    show_size,
)
from tests.builders import GIB, KIB, MIB, TIB


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0B", 0),
        ("1B", 1),
        ("64MiB", 64 * MIB),
        ("64 MiB", 64 * MIB),
        ("1.5KiB", 1536),
        ("0.001953125KiB", 2),
        ("256MiB", 268_435_456),
        ("1024GiB", TIB),
        ("007KiB", 7 * KIB),
    ],
)
def test_a_size_in_bytes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30.0), ("1.5s", 1.5), ("2m", 120.0), ("1h", 3600.0), ("0s", 0.0)],
)
def test_a_duration_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


NO_QUANTITY = [
    "",
    " ",
    "64",
    "-1",
    "1e3",
    "0x10",
    "1:30",
    "1,5",
    ".5",
    "5.",
    "٣",
    "\uff11",
    "1_0",
    "inf",
]


@pytest.mark.parametrize(
    "given_text",
    [
        *NO_QUANTITY,
        *(f"{number}B" for number in ("", "-1", "+1", "1e3", ".5", "٣", "1_0", "nan", "9" * 16)),
        "64MB",
        "64mib",
        "64M",
        "64  MiB",
        " 64MiB",
        "64MiB ",
        "64MiB\n",
        "0.5B",
        "1.0000000001GiB",
        "64\xa0MiB",
        "30s",
        64,
        64.0,
        True,
        None,
        b"64MiB",
        ["64MiB"],
    ],
)
def test_what_is_no_size(given_text: object) -> None:
    with pytest.raises(ValueError, match=r"64MiB|isn't"):
        parse_size(given_text)


@pytest.mark.parametrize(
    "given_text",
    [*NO_QUANTITY, "30S", "30sec", "1d", "-1s", "1e3s", "30s\n", "1m30s", "64MiB", 30, 30.0, None],
)
def test_what_is_no_duration(given_text: object) -> None:
    with pytest.raises(ValueError, match="500ms"):
        parse_duration(given_text)


@pytest.mark.parametrize("text", ["0.5ms", "0.0001s", "62.5ms"])
def test_a_duration_is_whole_milliseconds(text: str) -> None:
    """Finer ones could not be written down again."""
    with pytest.raises(ValueError, match="millisecond"):
        parse_duration(text)


@given(st.text(max_size=12) | st.none() | st.integers() | st.floats() | st.binary())
def test_whatever_is_given_is_a_quantity_or_a_value_error(given_text: object) -> None:
    for parse in (parse_size, parse_duration):
        with suppress(ValueError):
            assert parse(given_text) >= 0


@given(st.integers(0, TIB) | st.integers(0, 999).map(lambda number: number * GIB))
def test_a_written_size_is_read_as_it_was(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.integers(0, 10**10))
def test_a_written_duration_is_read_as_it_was(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0B"), (1, "1B"), (1023, "1023B"), (1024, "1KiB"), (1536, "1536B"), (64 * MIB, "64MiB")],
)
def test_a_size_is_written_in_the_largest_unit_that_divides_it(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0ms"), (0.5, "500ms"), (1.5, "1500ms"), (60.0, "1m"), (90.0, "90s"), (7200.0, "2h")],
)
def test_a_duration_is_written_in_the_largest_unit_that_divides_it(
    seconds: float, text: str
) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "shown", "as_delta"),
    [
        (0, "0 B", "0 B"),
        (1, "1 B", "+1 B"),
        (-1, "-1 B", "-1 B"),
        (1023, "1023 B", "+1023 B"),
        (1024, "1.0 KiB", "+1.0 KiB"),
        (64 * MIB, "64.0 MiB", "+64.0 MiB"),
        (-64 * MIB, "-64.0 MiB", "-64.0 MiB"),
        (600 * MIB, "600 MiB", "+600 MiB"),
        (int(2.4 * GIB), "2.4 GiB", "+2.4 GiB"),
        (-200 * GIB, "-200 GiB", "-200 GiB"),
    ],
)
def test_a_size_for_people(size: int, shown: str, as_delta: str) -> None:
    assert (show_size(size), show_delta(size)) == (shown, as_delta)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"),
     (47 * 3600, "47 h"), (100 * 3600, "4 days")],
)  # fmt: skip
def test_a_duration_for_people(seconds: float, shown: str) -> None:
    assert show_duration(seconds) == shown


@given(st.integers())
def test_every_size_can_be_shown(size: int) -> None:
    assert show_size(size).startswith("-") == (size < 0)
    assert show_delta(size).startswith("+") == (size > 0)
