"""The middle of an inference, whatever the inference before it took."""

from __future__ import annotations

from ops002.workloads.halfway import half_way


class Inferences:
    """Each takes as long as it is said to, on a clock of their own."""

    def __init__(self, *seconds: float, seen_late: float = 0.0) -> None:
        self.seen_late = seen_late
        self.time = 0.0
        self.seconds = list(seconds)
        self.again = 0

    def count(self) -> None:
        self.again += 1

    def is_over(self, until: float) -> bool:
        end = self.time + self.seconds.pop(0)
        self.time = end + self.seen_late if end < until else until
        return end < until

    def half_way(self, seconds: float) -> int | None:
        return half_way(seconds, lambda: self.time, self.count, self.is_over)


def test_half_of_the_time_that_one_takes() -> None:
    inferences = Inferences(2.0)
    assert (inferences.half_way(2.0), inferences.again) == (1000, 0)


def test_after_a_slow_first_one_the_next_is_met() -> None:
    inferences = Inferences(0.2, 0.2)
    assert (inferences.half_way(2.0), inferences.again) == (100, 1)


def test_ones_that_are_seen_to_be_over_too_late_are_met_all_the_same() -> None:
    inferences = Inferences(*[0.007] * 3, seen_late=0.013)
    assert (inferences.half_way(0.03), inferences.again) == (4, 2)


def test_it_gives_up_after_a_few() -> None:
    inferences = Inferences(*(0.1**number for number in range(1, 9)))
    assert (inferences.half_way(2.0), inferences.again) == (None, 4)
