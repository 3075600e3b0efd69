"""When readings are still, and how long is waited for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from ops002.measurement import Missing, Reading, Snapshot, Stage
from ops002.settle import COST_SHARE, MIN_READINGS, SettleRule, Settling, holds_still, last_window
from tests.builders import CPU, MIB, missing, reading, snapshot

RULE = SettleRule(timeout=4.0, window=0.5, interval=0.25, band=4 * MIB)
START = 2.0
OVER = START + RULE.timeout
MOST_READINGS = 1000
OTHER = Missing(device="cuda:0", instrument=CPU.instrument, missing="no driver")


def series(*readings: Reading | Missing, step: float = 0.25) -> tuple[Snapshot, ...]:
    return tuple(
        snapshot(Stage.BASELINE, one, seconds=step * number) for number, one in enumerate(readings)
    )


def sizes(*numbers: int, step: float = 0.25) -> tuple[Snapshot, ...]:
    return series(*map(reading, numbers), step=step)


@pytest.mark.parametrize(
    ("taken", "window"),
    [
        pytest.param(sizes(), None, id="nothing was read"),
        pytest.param(sizes(1), None, id="one reading"),
        pytest.param(sizes(1, 2, step=9.0), None, id="two readings, however far apart"),
        pytest.param(sizes(1, 2, 3, step=0.2), None, id="three readings, too close together"),
        pytest.param(sizes(1, 2, 3), (1, 2, 3), id="exactly a window"),
        pytest.param(sizes(9, 9, 1, 2, 3), (1, 2, 3), id="only the last window counts"),
        pytest.param(sizes(9, 1, 2, 3, step=2.0), (1, 2, 3), id="it grows to three readings"),
        pytest.param(sizes(1, 2, 3, 4, 5, 6, step=0.125), (2, 3, 4, 5, 6), id="all in between"),
        pytest.param(series(reading(1), missing(), reading(1)), None, id="one is missing"),
        pytest.param(series(reading(1), reading(1), missing()), None, id="the last is missing"),
        pytest.param(
            series(missing(), reading(1), reading(2), reading(3)), (1, 2, 3), id="missing before"
        ),
        pytest.param(series(OTHER, OTHER, OTHER), None, id="another device was read"),
    ],
)
def test_the_last_window(taken: Sequence[Snapshot], window: tuple[int, ...] | None) -> None:
    assert last_window(taken, CPU, 0.5) == window


@pytest.mark.parametrize(
    ("taken", "still"),
    [
        (sizes(10, 10, 10), True),
        (sizes(10, 14, 12), True),
        (sizes(10, 15, 12), False),
        (sizes(14, 10, 15), False),
        (sizes(11, 9, 7), True),
        (sizes(99, 10, 10, 10), True),
        (sizes(10, 10), False),
        (series(missing(), missing(), missing()), False),
    ],
)
def test_still_is_a_spread_within_the_band(taken: Sequence[Snapshot], *, still: bool) -> None:
    assert holds_still(taken, CPU, window=0.5, band=4) is still


@dataclass
class Scripted:
    """A clock and an instrument in one: time passes when somebody sleeps or reads."""

    readings: Sequence[int | None]
    cost: float = 0.0
    time: float = START
    taken: list[Snapshot] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)
    quiesced_after: list[int] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += seconds

    def take(self) -> Snapshot:
        """The next scripted reading; the last one goes on for ever."""
        assert len(self.taken) < MOST_READINGS, "it waits for ever"
        self.time += self.cost
        size = self.readings[min(len(self.taken), len(self.readings) - 1)]
        one = missing() if size is None else reading(size * MIB)
        self.taken.append(snapshot(Stage.AFTER_ERROR, one, seconds=self.time))
        return self.taken[-1]

    def quiesce(self) -> None:
        self.quiesced_after.append(len(self.taken))

    def wait(
        self,
        rule: SettleRule = RULE,
        good_enough: Callable[[Snapshot], bool] = lambda _snapshot: True,
    ) -> None:
        Settling(
            take=self.take,
            devices=(CPU,),
            rule=rule,
            good_enough=good_enough,
            quiesce=self.quiesce,
        ).wait(self)


def below(limit: int) -> Callable[[Snapshot], bool]:
    def good_enough(one: Snapshot) -> bool:
        newest = one.reading(CPU.device, CPU.instrument)
        return isinstance(newest, Reading) and newest.bytes <= limit * MIB

    return good_enough


def test_a_still_wait_ends_after_one_window() -> None:
    script = Scripted([7])
    script.wait()
    assert len(script.taken) == 3
    assert script.quiesced_after == []


def test_a_moving_wait_ends_once_it_is_still() -> None:
    script = Scripted([90, 50, 20, 10, 10, 10])
    script.wait()
    assert len(script.taken) == 6


def test_readings_that_never_hold_still_are_waited_for_to_the_timeout() -> None:
    script = Scripted([0, 10] * 50)
    script.wait()
    assert script.time == OVER


def test_a_timeout_that_no_reading_meets_exactly_is_over_with_the_next() -> None:
    script = Scripted([0, 10] * 50, cost=0.375)
    script.wait()
    assert script.taken[-2].seconds < OVER < script.taken[-1].seconds


def test_still_but_off_is_waited_for_to_the_timeout() -> None:
    script = Scripted([500])
    script.wait(good_enough=below(100))
    assert script.time == OVER


def test_memory_that_comes_back_late_ends_the_wait() -> None:
    script = Scripted([500] * 6 + [50])
    script.wait(good_enough=below(100))
    assert script.taken[-1].reading(CPU.device, CPU.instrument) == reading(50 * MIB)
    assert script.time < OVER


def test_the_last_of_the_still_readings_must_be_good_enough() -> None:
    script = Scripted([102, 101, 100])
    script.wait(good_enough=below(100))
    assert len(script.taken) == 3


def test_still_is_good_enough_unless_more_is_asked_for() -> None:
    script = Scripted([7])
    Settling(take=script.take, devices=(CPU,), rule=RULE).wait(script)
    assert len(script.taken) == 3


def test_good_enough_alone_does_not_end_the_wait() -> None:
    script = Scripted([0, 90] * 50)
    script.wait(good_enough=below(100))
    assert script.time == OVER


def test_each_further_window_begins_with_quiescing() -> None:
    script = Scripted([500])
    script.wait(good_enough=below(100))
    windows = [
        later - earlier
        for earlier, later in zip([0, *script.quiesced_after], script.quiesced_after, strict=False)
    ]
    assert windows
    assert all(readings == 3 for readings in windows)


def test_while_readings_move_nothing_is_quiesced() -> None:
    script = Scripted([0, 90] * 50)
    script.wait(good_enough=below(100))
    assert script.quiesced_after == []


def test_what_was_read_before_quiescing_does_not_count_as_still_after() -> None:
    """After quiescing a whole new window is read, though memory is good enough at once."""
    script = Scripted([500, 500, 500, 50])
    script.wait(good_enough=below(100))
    assert len(script.taken) == 6


def test_missing_readings_are_never_still() -> None:
    script = Scripted([None])
    script.wait()
    assert script.time == OVER


def test_a_missing_reading_begins_the_window_anew() -> None:
    script = Scripted([7, 7, None, 7])
    script.wait()
    assert len(script.taken) == 6


def test_every_device_must_hold_still() -> None:
    script = Scripted([7])
    other = Missing(device="cuda:0", instrument="nvml", missing="no driver")
    devices = (CPU, type(CPU)(device=other.device, instrument=other.instrument))
    Settling(take=script.take, devices=devices, rule=RULE).wait(script)
    assert script.time == OVER


@pytest.mark.parametrize(("cost", "pause"), [(0.0, 0.25), (0.0078125, 0.25), (0.015625, 0.390625)])
def test_a_pause_is_many_times_what_a_reading_costs(cost: float, pause: float) -> None:
    script = Scripted([7], cost=cost)
    script.wait()
    assert script.sleeps == [pause] * len(script.sleeps)
    assert COST_SHARE == 25


def test_a_pause_leaves_room_for_ten_readings_whatever_they_cost() -> None:
    script = Scripted([7], cost=0.125)
    script.wait()
    assert script.sleeps == [RULE.timeout / 10] * len(script.sleeps)


def test_slow_readings_still_make_a_window_of_three() -> None:
    script = Scripted([7], cost=0.03125)
    script.wait()
    assert len(script.taken) == MIN_READINGS == 3


def test_there_is_a_reading_even_with_no_time_to_wait() -> None:
    script = Scripted([7])
    script.wait(SettleRule(timeout=0.0, window=0.5, interval=0.25, band=0))
    assert len(script.taken) == 1
    assert script.sleeps == []
