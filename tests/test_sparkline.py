"""Memory over time in a line of text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ops002.reporters.sparkline import PLAIN, sparkline
from tests.builders import MIB

POINTS = st.lists(st.tuples(st.floats(), st.integers(-(2**70), 2**70)), max_size=50)


def test_nothing_read_is_nothing_drawn() -> None:
    assert sparkline((), 10) == ""


def test_memory_that_holds_still_is_a_flat_line() -> None:
    assert sparkline(((0.0, MIB), (1.0, MIB)), 4) == "▁▁▁▁"


def test_a_rise_reaches_from_the_lowest_to_the_highest_block() -> None:
    assert sparkline(tuple((float(at), at * MIB) for at in range(8)), 8) == "▁▂▃▄▅▆▇█"


def test_a_short_peak_is_shown_in_its_stretch() -> None:
    points = ((0.0, 0), (4.0, 0), (4.1, 7 * MIB), (4.2, 0), (10.0, 0))
    assert sparkline(points, 5) == "▁▁█▁▁"


def test_where_nothing_was_read_the_last_height_goes_on() -> None:
    assert sparkline(((0.0, 0), (1.0, 7 * MIB), (10.0, 7 * MIB)), 10) == "▁█████████"


@given(points=POINTS, width=st.integers(1, 80))
def test_it_has_its_width_whatever_is_drawn(points: list[tuple[float, int]], width: int) -> None:
    drawn = sparkline(points, width)
    assert len(drawn) == (width if points else 0)
    drawn.translate(PLAIN).encode("ascii")
