"""Sizes and durations: strict text in, exact text out.

Sizes are whole bytes with a binary unit; durations are seconds. A number without a unit is refused:
``64`` could be bytes or mebibytes, and the gate must not guess.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

SIZE_UNITS: Final = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_MILLISECONDS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_QUANTITY: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)\s?([A-Za-z]+)", re.ASCII)

_THREE_DIGITS: Final = 100

_MOST: Final = 10**15
"""Bytes or milliseconds: whatever is below it can be written down in digits that can be read."""

SIZE_FORM: Final = "a whole size with its unit, such as 64MiB (B, KiB, MiB or GiB)"
DURATION_FORM: Final = "a duration with its unit, such as 500ms or 30s (ms, s, m or h)"


def parse_size(text: object) -> int:
    """Bytes of a text like ``64MiB``.

    Raises:
        ValueError: not a text of a number and one of B, KiB, MiB, GiB, or not whole bytes.
    """
    size = _parse(text, SIZE_UNITS, SIZE_FORM)
    if size.denominator != 1:
        raise ValueError(f"{text!r} isn't a whole number of bytes; write {SIZE_FORM}")
    return _bounded(size, text)


def parse_duration(text: object) -> float:
    """Seconds of a text like ``500ms``.

    Raises:
        ValueError: not a text of a number and one of ms, s, m, h, or not whole milliseconds.
    """
    milliseconds = _parse(text, _MILLISECONDS, DURATION_FORM)
    if milliseconds.denominator != 1:
        raise ValueError(f"{text!r} isn't a whole number of milliseconds; write {DURATION_FORM}")
    return _bounded(milliseconds, text) / 1000


def _parse(text: object, units: dict[str, int], form: str) -> Fraction:
    found = _QUANTITY.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"{text!r} isn't {form}")
    number, unit = found.groups()
    if unit not in units:
        raise ValueError(f"{text!r} has the unknown unit {unit!r}; write {form}")
    return Fraction(number) * units[unit]


def _bounded(amount: Fraction, text: object) -> int:
    if amount >= _MOST:
        raise ValueError(f"{text!r} is more than anything here can need")
    return int(amount)


def format_size(size_bytes: int) -> str:
    """The exact text of a size, in the largest unit that divides it: ``parse_size`` undoes it."""
    for unit, factor in reversed(SIZE_UNITS.items()):
        if size_bytes % factor == 0 and (size_bytes or unit == "B"):
            return f"{size_bytes // factor}{unit}"
    raise AssertionError("every integer is a whole number of bytes")


def format_duration(seconds: float) -> str:
    """The text of a duration to the millisecond: ``parse_duration`` undoes it."""
    milliseconds = round(seconds * 1000)
    for unit, factor in reversed(_MILLISECONDS.items()):
        if milliseconds % factor == 0 and (milliseconds or unit == "ms"):
            return f"{milliseconds // factor}{unit}"
    raise AssertionError("every duration is a whole number of milliseconds")


def show_size(size_bytes: int) -> str:
    """A size for people: three digits or so, binary units, the sign kept."""
    for unit in ("GiB", "MiB", "KiB"):
        if abs(size_bytes) >= SIZE_UNITS[unit]:
            amount = size_bytes / SIZE_UNITS[unit]
            return f"{amount:.{1 if abs(amount) < _THREE_DIGITS else 0}f} {unit}"
    return f"{size_bytes} B"


def show_duration(seconds: float) -> str:
    """A duration for people, in the largest whole unit."""
    for unit, factor in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * factor:
            return f"{seconds // factor:.0f} {unit}"
    return f"{seconds:.0f} s"


def show_delta(size_bytes: int) -> str:
    """A change for people: always with its sign."""
    return f"+{show_size(size_bytes)}" if size_bytes > 0 else show_size(size_bytes)
