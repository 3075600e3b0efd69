"""When the workload is asked who holds its memory, and what happens if it can't say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ops002.measurement import Measurement
from ops002.retention import Climb, Retention
from ops002.trials.explaining import explain
from ops002.workloads import Died, WorkloadError
from tests.builders import MIB, Serving, limits, process

CLIMB = Climb(bytes=1, held=(), steps=(), left_bytes=1, left=(), complete=True)
LEAK = Serving(after=1200 * MIB).measurement()


@dataclass
class Held:
    """Answers, or raises."""

    first: Climb | WorkloadError = CLIMB
    again: Climb | WorkloadError | None = CLIMB
    root: str = "/r"
    asked: list[str] = field(default_factory=list)

    def explain(self) -> Climb:
        self.asked.append("explain")
        return self._answer(self.first)

    def explain_again(self) -> Climb | None:
        self.asked.append("explain again")
        return None if self.again is None else self._answer(self.again)

    @staticmethod
    def _answer(answer: Climb | WorkloadError) -> Climb:
        if isinstance(answer, WorkloadError):
            raise answer
        return answer


@dataclass
class Asked:
    """A process and a recording in one."""

    measured: Measurement
    held: Held = field(default_factory=Held)
    health: list[str] = field(default_factory=list)
    retention: Retention | None = None

    @property
    def running(self) -> Any:
        return self

    @property
    def root(self) -> Any:
        return process(7)

    def measurement(self) -> Measurement:
        return self.measured

    def add_health(self, note: str) -> None:
        self.health.append(note)

    def set_retention(self, retention: Retention) -> None:
        self.retention = retention


def explained(asked: Asked) -> bool:
    return explain(asked, asked, limits())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "measurement",
    [LEAK, replace(Serving(after=1200 * MIB, collected=1000 * MIB).measurement())],
    ids=["leak", "held-until-gc"],
)
def test_it_is_asked_when_something_is_retained(measurement: Measurement) -> None:
    asked = Asked(measurement)
    assert explained(asked) is True
    assert asked.retention == Retention(root="/r", pid=7, faults=CLIMB, once_more=CLIMB)
    assert asked.health == []


@pytest.mark.parametrize(
    "measurement",
    [
        Serving().measurement(),
        Serving(after=700 * MIB).measurement(),
        Serving(repeat=0).measurement(),
    ],
    ids=["clean", "lost", "inconclusive"],
)
def test_it_is_left_alone_otherwise(measurement: Measurement) -> None:
    asked = Asked(measurement)
    assert explained(asked) is False
    assert asked.held.asked == []
    assert asked.retention is None


def test_one_that_dies_of_the_question_is_not_asked_again() -> None:
    asked = Asked(LEAK, Held(first=Died(139)))
    assert explained(asked) is True
    assert asked.held.asked == ["explain"]
    assert asked.health == [
        f"who holds what was retained could not be found out: {Died(139)}",
    ]


def test_what_was_found_stands_when_it_dies_of_the_fault_forced_again() -> None:
    asked = Asked(LEAK, Held(again=Died(139)))
    assert explained(asked) is True
    assert asked.retention == Retention(root="/r", pid=7, faults=CLIMB, once_more=None)
    assert len(asked.health) == 1
