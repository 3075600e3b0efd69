"""What is made of a worker's word on who holds its memory: checked, and asked for in order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from ops002.agents import wire
from ops002.retention import Climb, HeldBlocks, HeldBy, LadderStep, Place, Rung
from ops002.workloads import StepFailed
from ops002.workloads.held_memory import HeldMemory
from tests.fuzz.replies import replies

HELD = {
    "kind": "object",
    "name": "Engine.kept",
    "chain": "Engine.kept",
    "what": "bytes",
    "bytes": 100,
    "blocks": 1,
    "frame": None,
    "made_at": [["/r/engine.py", 3, "serve"]],
}
TOLD = {
    "bytes": 100,
    "held": [HELD],
    "steps": [{"rung": "cycle", "name": "Request", "before": 100, "after": 0}],
    "left_bytes": 0,
    "left": [],
    "complete": True,
}


class Worker:
    """Answers every request the same, and remembers what it was asked."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply
        self.asked: list[tuple[str, dict[str, object]]] = []

    def __call__(self, operation: str, seconds: float, **fields: object) -> wire.Message:
        assert seconds > 0
        self.asked.append((operation, fields))
        return self.reply  # type: ignore[no-any-return]


def climbed(**changes: Any) -> Climb:
    worker = Worker({"ok": True, "told": {**TOLD, **changes}})
    return HeldMemory(worker, 1.0, "/r").explain()


def test_what_is_told_is_taken() -> None:
    assert climbed() == Climb(
        bytes=100,
        held=(
            HeldBlocks(
                kind=HeldBy.OBJECT,
                name="Engine.kept",
                chain="Engine.kept",
                what="bytes",
                bytes=100,
                blocks=1,
                frame=None,
                made_at=(Place(file="/r/engine.py", line=3, function="serve"),),
            ),
        ),
        steps=(LadderStep(rung=Rung.CYCLE, name="Request", before_bytes=100, after_bytes=0),),
        left_bytes=0,
        left=(),
        complete=True,
    )


@pytest.mark.parametrize(
    "changes",
    [{"bytes": -1}, {"bytes": True}, {"kind": "gift"}, {"name": 3}, {"frame": "x"}, {"frame": [1]}],
)
def test_a_holder_that_is_not_of_the_form_is_left_out(changes: dict[str, Any]) -> None:
    assert climbed(held=[{**HELD, **changes}, HELD]).held == climbed().held


def test_what_is_written_to_a_terminal_is_cleaned() -> None:
    (held,) = climbed(held=[{**HELD, "chain": "\x1b[31mEngine"}]).held
    assert held.chain.isprintable()


@pytest.mark.parametrize("told", [None, {}, {**TOLD, "bytes": "many"}, {**TOLD, "left_bytes": -1}])
def test_figures_that_are_none_are_an_error_of_the_workloads(told: Any) -> None:
    with pytest.raises(StepFailed):
        HeldMemory(Worker({"ok": True, "told": told}), 1.0, "/r").explain()


def test_an_error_while_it_looks_is_one() -> None:
    with pytest.raises(StepFailed):
        HeldMemory(Worker({"ok": False, "told": TOLD}), 1.0, "/r").explain()


def test_the_fault_is_forced_again_as_it_was_the_last_time() -> None:
    worker = Worker({"ok": True, "told": TOLD})
    held = HeldMemory(worker, 1.0, "/r")
    assert held.explain_again() is None
    assert worker.asked == []

    held.forced("oom", {"size": 2})
    held.forced("oom", {"size": 4})
    assert held.explain_again() is not None
    assert worker.asked == [("explain_again", {"forced": {"op": "oom", "size": 4}})]


@given(replies)
def test_whatever_it_says_is_an_answer_or_a_failed_step(reply: Any) -> None:
    try:
        climb = HeldMemory(Worker(reply), 1.0, "/r").explain()
    except StepFailed:
        return
    assert climb.bytes >= 0
