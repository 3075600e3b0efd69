"""What a sweep comes to: figures, groups, its part in the verdict, and the sentences on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ops002.measurement import Evidence, Measurement, Phase, Seen, Source
from ops002.points import Sweep, SweptPoint, Untold
from ops002.reasons import Reason
from ops002.report import judge_again, to_json
from ops002.verdict.expect import Expectation, Nature, unmet
from ops002.verdict.judge import judge
from ops002.verdict.swept import Kept, figures_of, grows, most_held, most_kept, place_of
from ops002.wording.result import explanation, headline
from ops002.wording.sweep import coverage
from tests.builders import MIB, Serving, document, gate, limits, scenario_document

SWEPT = Expectation(nature=Nature.SWEPT)
STACK = ("scenario.py:40 in infer", "engine.py:27 in forward")
CONFIG = document(scenario_document(faults=["oom-sweep"]))


def point(number: int = 3, **changes: Any) -> SweptPoint:
    clean = SweptPoint(
        number=number,
        operator="aten.mm.default",
        stack=STACK,
        raised=True,
        returned=False,
        live_bytes=0,
        kept_bytes=0,
        added_bytes=0,
    )
    return replace(clean, **changes)


def keeps(size: int, *again: int, number: int = 3, before: int = 0) -> SweptPoint:
    kept = before + size
    return point(number, live_bytes=kept, kept_bytes=kept, added_bytes=size, again_bytes=again)


def sweep(*notable: SweptPoint, **changes: Any) -> Sweep:
    clean = Sweep(
        points=18_101,
        sites=225,
        chosen=40,
        tried=40,
        raised=40,
        failed=40,
        differed=0,
        healthy_bytes=0,
        allocator_events=20_000,
        out_of_reach=(),
        notable=notable,
        stopped=None,
    )
    return replace(clean, **changes)


def evidence(swept: Sweep, missed: int = 0) -> tuple[Evidence, ...]:
    counts = {
        Seen.POINTS: swept.points,
        Seen.POINTS_RAISED: swept.raised,
        Seen.POINTS_FAILED: swept.failed,
        Seen.POINTS_MISSED: missed,
    }
    told = [Evidence(source=Source.WORKLOAD, what=what, value=n) for what, n in counts.items()]
    if swept.out_of_reach:
        hidden = swept.out_of_reach
        told.append(Evidence(source=Source.WORKLOAD, what=Seen.OUT_OF_REACH, value=hidden))
    return tuple(told)


def measured(swept: Sweep, **changes: Any) -> Measurement:
    serving = Serving(repeat=1, evidence=evidence(swept), **changes)
    return replace(serving.measurement(), sweep=swept)


def reason(swept: Sweep, **held_to: Any) -> Reason:
    return judge(measured(swept), limits(repeat=1, expectation=SWEPT, **held_to)).reason


def test_a_sweep_that_keeps_nothing_passes() -> None:
    assert reason(sweep()) is Reason.RETURNED_TO_BASELINE


VERDICTS = {
    "what the device shows": (sweep(), {"after": 1100 * MIB}, Reason.LEAK),
    "what one point keeps for a while": (sweep(keeps(65 * MIB)), {}, Reason.LEAK),
    "exactly the tolerance": (sweep(keeps(64 * MIB)), {}, Reason.RETURNED_TO_BASELINE),
    "what it adds when it fails again": (
        sweep(keeps(30 * MIB, 50 * MIB, 70 * MIB)),
        {},
        Reason.LEAK,
    ),
    "little, each time": (sweep(keeps(2 * MIB, 4 * MIB, 6 * MIB)), {}, Reason.GROWTH_PER_ERROR),
    "little, in a slot": (
        sweep(keeps(2 * MIB, 2 * MIB, 2 * MIB)),
        {},
        Reason.RETURNED_TO_BASELINE,
    ),
    "a cycle": (sweep(point(live_bytes=65 * MIB)), {}, Reason.HELD_UNTIL_GC),
    "a cycle, and a leak on the device": (
        sweep(point(live_bytes=65 * MIB)),
        {"after": 1100 * MIB},
        Reason.LEAK,
    ),
    "what healthy inferences add as well": (
        sweep(keeps(2 * MIB, 4 * MIB, 6 * MIB), healthy_bytes=MIB),
        {},
        Reason.RETURNED_TO_BASELINE,
    ),
    "what so many healthy inferences would add": (
        sweep(healthy_bytes=2 * MIB),
        {"after": 1100 * MIB},
        Reason.UNSTEADY_CONTROL,
    ),
    "nothing could fail": (sweep(points=0, raised=0, failed=0), {}, Reason.NOTHING_AT_STAKE),
    "swallowed everywhere": (sweep(failed=0), {}, Reason.FAULT_NOT_FIRED),
    "swallowed at one point": (sweep(failed=39), {}, Reason.RETURNED_TO_BASELINE),
    "never raised": (sweep(raised=0, failed=0), {}, Reason.FAULT_NOT_FIRED),
    "broken by the first of them, and a leak": (
        sweep(keeps(65 * MIB), raised=1, failed=1),
        {},
        Reason.LEAK,
    ),
    "out of reach": (
        sweep(points=0, raised=0, failed=0, out_of_reach=("threads",)),
        {},
        Reason.FAULT_NOT_FIRED,
    ),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_what_its_points_show_is_judged(name: str) -> None:
    swept, memory, expected = VERDICTS[name]

    held_to = limits(repeat=1, expectation=SWEPT)
    assert judge(measured(swept, **memory), held_to).reason is expected


def test_a_cycle_that_the_config_accepts_passes() -> None:
    swept = sweep(point(live_bytes=65 * MIB))

    assert reason(swept, accept_held_until_gc=True) is Reason.RETURNED_TO_BASELINE


def test_no_waiver_of_the_stake_lets_a_pointless_sweep_pass() -> None:
    swept = sweep(points=0, raised=0, failed=0)

    assert reason(swept, min_at_stake_bytes=0) is Reason.NOTHING_AT_STAKE


def test_points_say_nothing_of_what_stays_after_the_exit() -> None:
    swept = sweep(keeps(65 * MIB))
    judged = judge(measured(swept), limits(repeat=1, expectation=SWEPT))

    reasons = {check.phase: check.reason for check in judged.checks}

    assert reasons[Phase.AFTER_ERROR] is Reason.LEAK
    assert reasons.get(Phase.AFTER_EXIT) in {None, Reason.RETURNED_TO_BASELINE}


def test_a_workload_that_is_meant_to_recover_does_so_at_every_point() -> None:
    meant = Expectation(nature=Nature.SWEPT, recovers=True, output="smaller")
    said = Evidence(source=Source.GATE, what=Seen.OUTPUT, value="smaller")

    assert unmet(meant, (*evidence(sweep(failed=0)), said)) == ()
    assert unmet(meant, (*evidence(sweep(failed=1)), said)) == (
        "it should have recovered from the error, and failed at 1 of 40 points",
    )


def test_a_sweep_that_hardly_met_the_inference_it_counted_is_no_sweep() -> None:
    assert unmet(SWEPT, evidence(sweep(raised=20, failed=20), missed=20)) == ()
    assert unmet(SWEPT, evidence(sweep(raised=19, failed=19), missed=20)) == (
        "20 points never came, 19 did: it isn't the inference that was counted",
    )


def test_evidence_of_another_kind_is_no_sweep() -> None:
    returned = Evidence(source=Source.WORKLOAD, what=Seen.RETURNED, value="normally")

    assert unmet(SWEPT, ())
    assert unmet(SWEPT, (returned,))


def test_the_worst_point_is_the_one_that_left_most() -> None:
    swept = sweep(keeps(3 * MIB, 9 * MIB), point(4, live_bytes=7 * MIB, kept_bytes=MIB))

    assert most_kept(swept) == 9 * MIB
    assert most_held(swept) == 7 * MIB
    assert most_kept(sweep()) == most_held(sweep()) == 0


@pytest.mark.parametrize(
    "again", [(), (3 * MIB,), (4 * MIB, 4 * MIB), (3 * MIB, 4 * MIB), (4 * MIB, 2 * MIB)]
)
def test_a_point_adds_each_time_only_if_every_repeat_adds_more_than_a_mebibyte(
    again: tuple[int, ...],
) -> None:
    assert not grows(sweep(keeps(2 * MIB, *again)))
    assert grows(sweep(keeps(2 * MIB, 3 * MIB + 1, 4 * MIB + 2)))


def test_what_healthy_inferences_add_is_no_points_doing() -> None:
    healthy = 3 * MIB + 7  # and a mebibyte more isn't worth telling
    once = (sweep(keeps(4 * MIB + more), healthy_bytes=healthy) for more in (7, 8))
    assert [[one.kept for one in figures_of(swept).groups] for swept in once] == [[], [Kept.KEPT]]

    def each_time(step: int) -> Sweep:
        return sweep(keeps(step, 2 * step, 3 * step), healthy_bytes=healthy)

    assert not grows(each_time(4 * MIB + 7))
    assert grows(each_time(4 * MIB + 8))


@pytest.mark.parametrize(("live", "held"), [(4 * MIB + 5, []), (9 * MIB, [6 * MIB - 5])])
def test_what_only_the_collector_brought_back_is_told_in_bytes(live: int, held: list[int]) -> None:
    swept = sweep(point(live_bytes=live, kept_bytes=3 * MIB + 5))

    assert [one.bytes for one in figures_of(swept).groups] == held


def test_a_point_that_left_less_than_there_was_kept_nothing() -> None:
    assert most_kept(sweep(point(kept_bytes=-5))) == 0


def test_points_are_grouped_by_line_and_by_how_they_keep() -> None:
    elsewhere = replace(keeps(9 * MIB, number=5), stack=("engine.py:30 in norm",))
    swept = sweep(
        keeps(2 * MIB, 4 * MIB, 6 * MIB),
        keeps(3 * MIB, 6 * MIB, 9 * MIB, number=4),
        elsewhere,
        point(6, live_bytes=5 * MIB),
    )

    groups = figures_of(swept).groups

    assert [(one.kept, one.place, one.points, one.bytes) for one in groups] == [
        (Kept.KEPT, "engine.py:30 in norm", 1, 9 * MIB),
        (Kept.HELD_UNTIL_GC, "engine.py:27 in forward", 1, 5 * MIB),
        (Kept.KEPT_EACH_TIME, "engine.py:27 in forward", 2, 3 * MIB),
    ]


@pytest.mark.parametrize(
    ("stack", "place"),
    [
        (STACK, STACK[1]),
        ((*STACK, "/v/lib/python3.11/site-packages/hf/model.py:9 in forward"), STACK[1]),
        (("/usr/lib/python3.11/asyncio/events.py:1 in run",), None),
        ((), "an unknown place"),
    ],
)
def test_the_line_told_is_the_innermost_that_is_no_librarys(
    stack: tuple[str, ...], place: str | None
) -> None:
    assert place_of(point(stack=stack)) == (stack[0] if place is None else place)


COVERAGES = {
    "40 of 18,101 points at 225 places of the code tried": sweep(),
    "38 ran out of memory, 37 of these inferences failed": sweep(raised=38, failed=37),
    "asks its allocator 20,000 times": sweep(),
    "allocations in all: not known (nobody counts)": sweep(
        allocator_events=Untold(untold="nobody counts")
    ),
    "at 2 the inference did other things than when it was counted": sweep(differed=2),
    "the rest was not tried: it hung": sweep(stopped="it hung"),
    "not swept: other threads": sweep(out_of_reach=("other threads",)),
}


@pytest.mark.parametrize("words", COVERAGES)
def test_how_much_was_covered_is_said(words: str) -> None:
    assert words in coverage(COVERAGES[words])


HEADLINES = {
    "FAIL leak: 100 MiB retained on cpu after running out of memory at 40 points of the inference, "
    "most where aten.mm.default fails at engine.py:27, tolerance 64.0 MiB": (
        sweep(keeps(100 * MIB)),
        {"after": 1100 * MIB},
    ),
    "FAIL leak: 65.0 MiB of tensors alive, 0 B on cpu at the end, after running out of memory": (
        sweep(keeps(65 * MIB)),
        {},
    ),
    "FAIL held-until-gc: 65.0 MiB of tensors alive until Python's collector ran, after running": (
        sweep(point(live_bytes=65 * MIB)),
        {},
    ),
    "FAIL growth-per-error: memory is added each time that a point fails: 0 B on cpu after": (
        sweep(keeps(2 * MIB, 4 * MIB, 6 * MIB)),
        {},
    ),
    "INCONCLUSIVE fault-not-fired: the fault did not fire: the sweep can't reach all of the "
    "inference: other threads": (
        sweep(points=0, raised=0, failed=0, out_of_reach=("other threads",)),
        {},
    ),
}


@pytest.mark.parametrize("words", HEADLINES)
def test_the_headline_says_what_and_where(words: str) -> None:
    swept, memory = HEADLINES[words]
    result = gate(measured(swept, **memory), config=CONFIG)

    assert headline(result).startswith(words)
    assert replace(judge_again(to_json(result)), digest="") == result


def test_the_explanation_names_the_line_and_how_often() -> None:
    swept = sweep(keeps(2 * MIB, 4 * MIB, 6 * MIB), keeps(2 * MIB, 4 * MIB, 6 * MIB, number=9))
    result = gate(measured(swept), config=CONFIG)

    words = explanation(result.trials[0])

    assert (
        "2.0 MiB kept each time that aten.mm.default runs out of memory at 2 points in forward "
        "(engine.py:27)"
    ) in words
