"""What each of the others on a device did between two moments."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.measurement import Missing, Owner, ProcessMemory, Snapshot, Stage
from ops002.verdict.neighbours import Move, furthest, moves, presented
from tests.builders import CPU, GIB, MIB, SHARED, neighbour, reading, snapshot

PIDS = st.dictionaries(st.integers(1, 6), st.integers(0, 9), max_size=6)


def moment(listed: dict[int, int], unrecorded: int = 0) -> Snapshot:
    """What each of some neighbours holds, and what others do that aren't recorded one by one."""
    total = sum(listed.values()) + unrecorded
    parts = tuple(neighbour(pid, size, f"p{pid}") for pid, size in listed.items())
    return replace(snapshot(Stage.BASELINE, reading(total, "others")), processes=parts)


def move(pid: int | None, before: int | None, after: int | None) -> Move:
    name = "other processes" if pid is None else f"p{pid}"
    return Move(pid=pid, name=name, before=before, after=after)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        pytest.param({}, {}, (), id="nobody"),
        pytest.param({1: 5, 2: 3}, {2: 3, 1: 5}, (), id="nobody moved"),
        pytest.param({1: 5}, {1: 9}, (move(1, 5, 9),), id="one took more"),
        pytest.param({1: 5, 2: 3}, {1: 1, 2: 3}, (move(1, 5, 1),), id="one gave back"),
        pytest.param({1: 5}, {2: 5}, (move(1, 5, None), move(2, None, 5)), id="one for another"),
        pytest.param({1: 5, 2: 7}, {1: 6}, (move(2, 7, None), move(1, 5, 6)), id="most first"),
    ],
)
def test_each_is_compared_with_itself(
    before: dict[int, int], after: dict[int, int], found: tuple[Move, ...]
) -> None:
    assert moves(SHARED, moment(before), moment(after)) == found


def test_those_that_are_not_recorded_are_compared_together() -> None:
    assert moves(SHARED, moment({1: 5}, 10), moment({1: 5}, 14)) == (move(None, 10, 14),)


def test_one_that_may_only_be_left_out_has_neither_come_nor_left() -> None:
    """PID 2 was recorded, and is one of many that aren't: they hold as much together as before."""
    assert moves(SHARED, moment({1: 5, 2: 3}, 10), moment({1: 5}, 13)) == ()
    assert moves(SHARED, moment({1: 5}, 13), moment({1: 5, 2: 3}, 10)) == ()


def test_only_others_on_this_device_count() -> None:
    elsewhere = ProcessMemory(device="cuda:7", pid=8, name="x", owner=Owner.OTHER, bytes=9)
    ours = replace(neighbour(9, 9), owner=Owner.WORKLOAD)
    after = moment({1: 5})
    after = replace(after, processes=(*after.processes, elsewhere, ours))
    assert moves(SHARED, moment({1: 5}), after) == ()


def test_where_others_cant_be_told_nothing_is_said() -> None:
    blind = snapshot(
        Stage.BASELINE, Missing(device=CPU.device, instrument="others", missing="lost")
    )
    assert moves(SHARED, moment({}), blind) is None
    assert moves(SHARED, blind, moment({})) is None
    assert moves(CPU, moment({}), moment({})) is None


@pytest.mark.parametrize(
    ("changes", "far"),
    [((), 0), ((5,), 5), ((-5,), 5), ((5, -3), 5), ((3, 4, -5), 7), ((-8, 3), 8)],
)
def test_what_some_took_and_others_gave_back_is_not_one_sum(
    changes: tuple[int, ...], far: int
) -> None:
    assert furthest([move(1, 10, 10 + change) for change in changes]) == far


@given(PIDS, PIDS, st.integers(0, 9), st.integers(0, 9))
def test_all_moves_come_to_what_others_hold_more(
    before: dict[int, int], after: dict[int, int], hidden: int, later: int
) -> None:
    earlier, newer = moment(before, hidden), moment(after, later)
    found = moves(SHARED, earlier, newer)
    assert found is not None
    grown = sum(after.values()) + later - sum(before.values()) - hidden
    assert sum(one.change for one in found) == grown
    assert furthest(found) >= abs(grown)


def test_who_is_there_is_presented_as_far_as_known() -> None:
    assert presented("python", 7, 10 * GIB, 7300) == "python (PID 7), 10.0 GiB, running for 2 h"
    assert presented("python", 7, None, None) == "python (PID 7), size unknown"
    assert presented("python", 7, MIB, 59.6) == "python (PID 7), 1.0 MiB, running for 60 s"
