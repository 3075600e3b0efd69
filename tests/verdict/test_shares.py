"""What the workload and others hold of a device: which readings say so, and which don't."""

from __future__ import annotations

import pytest

from ops002.measurement import Measurement, Missing, Reading, Snapshot, Stage
from ops002.verdict.shares import Shares
from tests.builders import CPU, SHARED, reading, snapshot

_LOST = Missing(device=CPU.device, instrument="own", missing="lost")
ELSEWHERE = reading(900, "own", "cuda:7")


def _others() -> Reading | Missing:
    return Missing(device=CPU.device, instrument="others", missing="lost")


def held(*sizes: int | Missing, stage: Stage = Stage.BASELINE) -> tuple[Snapshot, ...]:
    """A wait in which the workload held so much; beside it what others and other devices have."""
    return tuple(
        snapshot(
            stage,
            ELSEWHERE,
            reading(70, "others"),
            reading(80),
            size if isinstance(size, Missing) else reading(size, "own"),
        )
        for size in sizes
    )


def shares(
    baseline: tuple[Snapshot, ...] = (),
    post: tuple[Snapshot, ...] = (),
    *others: Snapshot,
) -> Shares:
    measurement = Measurement(phases=(), devices=(SHARED,), snapshots=(*baseline, *others, *post))
    return Shares(measurement, SHARED, baseline, post)


AFTER = Stage.AFTER_ERROR


def test_the_last_reading_of_each_wait_counts() -> None:
    judged = shares(held(5, 6, 7), held(20, 30, 40, stage=AFTER))
    assert judged.own_delta_bytes == 33
    assert judged.unlisted_delta_bytes == -33


def test_without_both_waits_there_is_no_delta() -> None:
    assert shares(held(5)).own_delta_bytes is None
    assert shares((), held(5, stage=AFTER)).own_delta_bytes is None
    assert shares(held(5)).unlisted_delta_bytes is None


def test_a_share_that_cant_be_read_at_either_end_has_no_delta() -> None:
    assert shares(held(5, _LOST), held(5, stage=AFTER)).own_delta_bytes is None
    assert shares(held(5), held(5, _LOST, stage=AFTER)).own_delta_bytes is None
    assert shares(held(5), held(5, _LOST, stage=AFTER)).unlisted_delta_bytes is None
    assert shares(held(_LOST, 5), held(_LOST, 9, stage=AFTER)).own_delta_bytes == 4


@pytest.mark.parametrize(
    ("sizes", "never"),
    [((0, 0), True), ((0, 1), False), ((0, -1), False), ((0, _LOST), False), ((), False)],
)
def test_never_used_is_nothing_of_this_device_at_any_time(
    sizes: tuple[int | Missing, ...], *, never: bool
) -> None:
    assert shares(held(*sizes)).never_used() is never


@pytest.mark.parametrize(("told", "lost"), [(1, True), (0, False), (-1, False)])
@pytest.mark.parametrize("at_the_end", [False, True])
def test_a_share_is_lost_where_the_delta_is_taken_once_it_was_told(
    told: int, *, lost: bool, at_the_end: bool
) -> None:
    """A driver that doesn't tell sizes tells 0, of nobody."""
    ends = (held(0, 0), held(0, _LOST, stage=AFTER)) if at_the_end else (
        held(0, _LOST),
        held(0, 0, stage=AFTER),
    )  # fmt: skip
    assert shares(*ends, *held(told, stage=Stage.FAULT)).lost() is lost


@pytest.mark.parametrize(("told", "lost"), [(_others(), False), (reading(0, "others"), True)])
def test_that_nobody_was_there_is_told_for_good(told: Reading | Missing, *, lost: bool) -> None:
    """Who came without a size may leave again with what the workload keeps."""
    start = snapshot(Stage.BEFORE_START, reading(0, "own"), told)
    blind = snapshot(AFTER, reading(0, "own"), _others())
    assert shares((blind,), (blind,), start).lost() is lost


def test_one_that_is_lost_in_the_middle_of_a_wait_isnt_lost() -> None:
    assert not shares(held(5, _LOST, 5), held(5, _LOST, 5, stage=AFTER)).lost()


@pytest.mark.parametrize("at_the_end", [False, True])
def test_what_others_hold_is_lost_if_it_is_told_at_one_end_only(*, at_the_end: bool) -> None:
    """Nobody was there, and now somebody is whose bytes nobody tells; or the other way round."""
    alone = (snapshot(Stage.BASELINE, reading(0, "others")),)
    crowded = (snapshot(AFTER, _others()),)
    assert shares(*((alone, crowded) if at_the_end else (crowded, alone))).lost()
    assert not shares(alone, alone).lost()
    assert not shares(crowded, crowded).lost()


def test_what_others_hold_is_lost_likewise() -> None:
    blind = tuple(
        snapshot(AFTER, *(one for one in last.readings if one.instrument != "others"), _others())
        for last in held(5, stage=AFTER)
    )
    assert shares(held(5), blind).lost()


def test_at_the_least_it_holds_the_lowest_less_the_highest() -> None:
    judged = shares(held(5, 9, 7), held(40, _LOST, 30, stage=AFTER))
    assert judged.least_own_delta_bytes == 21
    assert shares(held(5)).least_own_delta_bytes is None
    assert shares(held(_LOST), held(5, stage=AFTER)).least_own_delta_bytes is None
