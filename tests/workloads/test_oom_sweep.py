"""The gate's side of a sweep; what the worker answers is scripted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ops002.config.schema import OomSweepFault
from ops002.measurement import Seen
from ops002.points import Untold
from ops002.verdict.expect import Expectation, Nature, unmet
from ops002.verdict.swept import grows
from ops002.workloads import DeadlinePassed, Died, StepFailed
from ops002.workloads.oom_sweep import PointSweep
from tests.builders import MIB

FAULT = OomSweepFault(kind="oom-sweep")
ERROR = {"classes": ["RuntimeError"], "message": "can't allocate memory", "raised_at": []}


@dataclass
class Worker:
    """Has ``kept`` beyond the beginning after each point that is tried, in turn."""

    kept: list[int] = field(default_factory=lambda: [0, 0, 0])
    live: dict[int, int] = field(default_factory=dict)
    chosen: int = 3
    looked: dict[str, Any] = field(default_factory=dict)
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    raises: dict[int, Exception] = field(default_factory=dict)
    asked: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, operation: str, inferences: int = 1, **fields: Any) -> dict[str, Any]:
        self.asked.append((operation, inferences, fields))
        match operation:
            case "sweep-look":
                return {"ok": True, "out_of_reach": [], "events": 12, **self.looked}
            case "sweep-count":
                return {"ok": True, "points": 9, "sites": 2, "same": True}
            case "sweep-choose":
                return {"ok": True, "chosen": self.chosen}
            case "sweep-begin":
                return {"ok": True, "healthy": 5, "next": "aten.mm at a.py:1"}
            case _:
                return self._failed(fields["place"])

    def _failed(self, place: int) -> dict[str, Any]:
        if place in self.raises:
            raise self.raises[place]
        kept = self.kept.pop(0)
        usual = {"ok": False, "exceptions": [ERROR], "raised": True, "same": True, "point": place}
        told = {"live": self.live.get(place, kept), "kept": kept, "next": f"aten.mm at {place}"}
        where = {"operator": "aten.mm", "stack": ["a.py:1 in infer"]}
        return {**usual, **told, **where, **self.answers.get(place, {})}

    def tried(self) -> list[int]:
        return [fields["place"] for operation, _, fields in self.asked if operation == "sweep-fail"]


def swept(worker: Worker, tolerance_bytes: int = 64 * MIB) -> PointSweep:
    sweep = PointSweep(worker)
    sweep.prepare(FAULT)
    sweep.run(tolerance_bytes)
    return sweep


def test_the_points_are_learnt_with_the_machinery_on_and_then_chosen() -> None:
    worker = Worker()

    PointSweep(worker).prepare(OomSweepFault(kind="oom-sweep", points=7, eager=True))

    assert worker.asked == [
        ("sweep-look", 2, {"eager": True}),
        ("sweep-count", 1, {}),
        ("sweep-count", 1, {}),
        ("sweep-choose", 1, {"points": 7}),
    ]


def test_each_chosen_point_is_tried_once() -> None:
    worker = Worker()

    seen = swept(worker).seen

    assert worker.tried() == [0, 1, 2]
    assert (seen.points, seen.sites, seen.chosen) == (9, 2, 3)
    assert (seen.tried, seen.raised, seen.failed, seen.differed) == (3, 3, 3, 0)
    assert (seen.allocator_events, seen.notable, seen.stopped) == (12, (), None)
    assert seen.healthy_bytes == 5


def test_a_point_that_added_memory_fails_twice_more() -> None:
    worker = Worker([0, 2 * MIB, 4 * MIB, 6 * MIB, 6 * MIB])

    seen = swept(worker).seen

    assert worker.tried() == [0, 1, 1, 1, 2]
    (point,) = seen.notable
    assert (point.number, point.added_bytes, point.again_bytes) == (1, 2 * MIB, (4 * MIB, 6 * MIB))
    assert seen.tried == 3


def test_what_was_alive_most_is_told_even_if_it_went_again() -> None:
    worker = Worker(live={1: 70 * MIB})

    (point,) = swept(worker).seen.notable

    assert (point.number, point.live_bytes, point.kept_bytes) == (1, 70 * MIB, 0)


def test_what_adds_up_in_small_steps_is_told_by_its_highest() -> None:
    (point,) = swept(Worker([MIB // 2, MIB, 3 * MIB // 2])).seen.notable

    assert (point.number, point.kept_bytes, point.added_bytes) == (2, 3 * MIB // 2, MIB // 2)


def test_not_all_that_is_odd_is_told_but_always_the_worst() -> None:
    worker = Worker([0] * 400, live={399: 2 * MIB}, chosen=400)
    worker.answers = {place: {"ok": True} for place in range(400)}

    notable = swept(worker).seen.notable

    assert len(notable) == 301
    assert notable[-1].live_bytes == 2 * MIB


def test_what_leaks_is_told_however_much_else_is_odd() -> None:
    worker = Worker([0] * 400 + [2 * MIB, 4 * MIB, 6 * MIB], chosen=401)
    worker.answers = {place: {"ok": True} for place in range(400)}
    worker.live = {0: MIB * 9}  # the worst is another

    sweep = swept(worker).seen

    assert grows(sweep)


def test_a_worker_that_says_too_much_does_not_fill_the_report() -> None:
    worker = Worker(chosen=3)
    worker.answers = {
        place: {"exceptions": [ERROR] * 1000, "stack": ["a.py:1 in f"] * 999, "ok": True}
        for place in range(3)
    }

    sweep = swept(worker)

    assert len(list(sweep.evidence())) < 1100
    assert all(len(point.stack) <= 12 for point in sweep.seen.notable)


def test_what_returned_or_never_raised_is_told() -> None:
    worker = Worker(answers={0: {"ok": True}, 2: {"ok": True, "raised": False, "same": False}})

    seen = swept(worker).seen

    assert (seen.tried, seen.raised, seen.failed, seen.differed) == (3, 2, 1, 1)
    assert [(one.number, one.raised, one.returned) for one in seen.notable] == [
        (0, True, True),
        (2, False, True),
    ]


def test_it_stops_before_what_is_kept_fills_the_machine() -> None:
    worker = Worker([9 * MIB, 9 * MIB, 9 * MIB])

    seen = swept(worker, MIB).seen

    assert worker.tried() == [0, 0, 0]
    assert seen.stopped is not None


def test_what_is_out_of_reach_is_told_and_nothing_is_tried() -> None:
    worker = Worker(looked={"out_of_reach": ["threads"]})

    sweep = swept(worker)

    assert [operation for operation, _, _ in worker.asked] == ["sweep-look"]
    assert sweep.seen.out_of_reach == ("threads",)
    assert any(item.what is Seen.OUT_OF_REACH for item in sweep.evidence())


def test_who_hangs_is_told_with_the_point() -> None:
    worker = Worker(raises={1: DeadlinePassed("sweep-fail did not end within 2 s")})
    sweep = PointSweep(worker)
    sweep.prepare(FAULT)

    with pytest.raises(DeadlinePassed, match=r"at point 2 of 3 \(aten\.mm at 0\).*within 2 s"):
        sweep.run(64 * MIB)

    assert "did not end" in str(sweep.seen.stopped)


def test_who_dies_after_some_points_had_its_fault() -> None:
    worker = Worker(raises={1: Died(134)})
    sweep = PointSweep(worker)
    sweep.prepare(FAULT)

    with pytest.raises(Died):
        sweep.run(64 * MIB)

    assert "ended as it ran out of memory at point 2 of 3" in str(sweep.seen.stopped)
    assert unmet(Expectation(nature=Nature.SWEPT), sweep.evidence()) == ()


@pytest.mark.parametrize("events", [None, -1, "many", 2**80, True])
def test_a_count_of_allocations_that_is_none_is_untold(events: object) -> None:
    assert isinstance(swept(Worker(looked={"events": events})).seen.allocator_events, Untold)


@pytest.mark.parametrize(
    "answer", [{"kept": None}, {"live": "much"}, {"point": -1}, {"kept": 2**70}, {"live": True}]
)
def test_a_worker_that_says_no_figures_is_not_believed(answer: dict[str, Any]) -> None:
    with pytest.raises(StepFailed):
        swept(Worker(answers={0: answer}))


def test_an_inference_that_fails_while_it_is_counted_is_no_fault() -> None:
    with pytest.raises(StepFailed, match="RuntimeError"):
        PointSweep(Worker(looked={"ok": False, "exceptions": [ERROR]})).prepare(FAULT)
