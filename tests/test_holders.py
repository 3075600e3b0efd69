"""Who inside the workload is named, with what line and which words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ops002.attribution import name_holders
from ops002.holders import Holder, HolderKind, holders_inside
from ops002.measurement import Measurement, Owner, ProcessMemory, Source, Stage
from ops002.retention import Climb, HeldBlocks, HeldBy, LadderStep, Place, Retention, Rung
from ops002.wording.holders import advice_on, sentence
from tests.builders import GIB, MIB, Serving, limits

ROOT = "/repository"
ENGINE = Place(file=f"{ROOT}/engine.py", line=27, function="serve")
LIBRARY = Place(file="/opt/library/kernels.py", line=3, function="launch")
FRAME = Place(file=f"{ROOT}/engine.py", line=30, function="serve")


def blocks(kind: HeldBy, name: str = "Engine.kept", **changes: Any) -> HeldBlocks:
    held = HeldBlocks(
        kind=kind,
        name=name,
        chain=name,
        what="float32 tensor 4x4 on cpu",
        bytes=100 * MIB,
        blocks=1,
        frame=None,
        made_at=(),
    )
    return replace(held, **changes)


def climb(*held: HeldBlocks, steps: tuple[LadderStep, ...] = ()) -> Climb:
    size = sum(one.bytes for one in held)
    rest = size - sum(step.freed_bytes for step in steps)
    left = () if rest == 0 else held
    return Climb(bytes=size, held=held, steps=steps, left_bytes=rest, left=left, complete=True)


def step(rung: Rung, name: str, freed: int, before: int = 100 * MIB) -> LadderStep:
    return LadderStep(rung=rung, name=name, before_bytes=before, after_bytes=before - freed)


def measured(faults: Climb | None, once_more: Climb | None = None) -> Measurement:
    retention = Retention(root=ROOT, pid=7, faults=faults, once_more=once_more)
    return replace(Serving().measurement(), retention=retention)


def holder(faults: Climb | None, once_more: Climb | None = None) -> Holder:
    (found,) = holders_inside(measured(faults, once_more))
    return found


def test_nothing_is_named_that_nobody_asked_for() -> None:
    assert holders_inside(Serving().measurement()) == ()
    assert holders_inside(measured(None)) == ()
    assert holders_inside(measured(climb())) == ()


def test_what_came_back_when_a_traceback_was_cleared() -> None:
    held = blocks(
        HeldBy.TRACEBACK,
        "Engine.last_error",
        chain="Engine.last_error.__context__ → kv in serve()[0]",
        frame=FRAME,
    )
    found = holder(climb(held, steps=(step(Rung.TRACEBACK, "Engine.last_error", 100 * MIB),)))

    assert found == Holder(
        kind=HolderKind.TRACEBACK,
        source=Source.WORKLOAD,
        bytes=100 * MIB,
        pid=7,
        name="Engine.last_error",
        file="engine.py",
        line=30,
        detail=(
            "100 MiB of 100 MiB came back when the traceback kept in Engine.last_error was cleared "
            "(….__context__ → kv in serve()[0]), held by serve() at engine.py:30"
        ),
    )
    assert sentence(found) == found.detail
    assert "traceback.clear_frames" in str(advice_on([found]))


def test_the_line_is_the_repositorys_innermost_of_the_allocation() -> None:
    told = blocks(HeldBy.OBJECT, "Engine.pending['req-0'].kv[1]")
    again = blocks(HeldBy.OBJECT, "Engine.pending['req-9'].kv[0]", made_at=(LIBRARY, ENGINE))
    found = holder(climb(told), climb(again))
    assert (found.file, found.line) == ("engine.py", 27)
    assert found.detail == (
        "100 MiB of 100 MiB is kept in Engine.pending['req-0'].kv[1]: float32 tensor 4x4 on cpu, "
        "allocated at engine.py:27"
    )


def test_a_place_outside_of_the_repository_is_better_than_none() -> None:
    found = holder(climb(blocks(HeldBy.OBJECT, made_at=(LIBRARY,))))
    assert (found.file, found.line) == ("/opt/library/kernels.py", 3)


def test_a_neighbour_of_the_folder_by_name_is_not_inside() -> None:
    beside = Place(file=f"{ROOT}-old/engine.py", line=1, function="")
    found = holder(climb(blocks(HeldBy.OBJECT, made_at=(beside, ENGINE))))
    assert found.file == "engine.py"


def test_the_same_holder_counts_before_blocks_of_the_same_kind() -> None:
    other = blocks(HeldBy.OBJECT, "Engine.other", made_at=(LIBRARY,))
    same = blocks(HeldBy.OBJECT, what="int8 tensor 1 on cpu", made_at=(ENGINE,))
    assert holder(climb(blocks(HeldBy.OBJECT, bytes=GIB)), climb(other, same)).line == ENGINE.line


def test_another_kind_of_block_says_nothing_of_the_line() -> None:
    other = blocks(HeldBy.CACHE, "Engine.encode", what="bytes", made_at=(ENGINE,))
    assert holder(climb(blocks(HeldBy.OBJECT, bytes=GIB)), climb(other)).file is None


def test_what_a_healthy_inference_took_away_is_told_from_the_fault_forced_again() -> None:
    again = climb(blocks(HeldBy.FRAME, "thread worker → batch in serve()", made_at=(ENGINE,)))
    found = holder(climb(), again)
    assert (found.kind, found.bytes, found.line) == (HolderKind.FRAME, 100 * MIB, 27)


def test_all_faults_count_before_one_more() -> None:
    faults = climb(blocks(HeldBy.OBJECT, bytes=200 * MIB))
    assert holder(faults, climb(blocks(HeldBy.OBJECT))).bytes == 200 * MIB


def test_a_cycle_and_a_frozen_one() -> None:
    for rung, word in ((Rung.CYCLE, "broke a cycle"), (Rung.FROZEN_CYCLE, "gc.freeze")):
        held = blocks(HeldBy.UNREACHABLE, "Request", made_at=(ENGINE,))
        found = holder(climb(held, steps=(step(rung, "Request", 100 * MIB),)))
        assert (found.kind, found.line) == (HolderKind.CYCLE, 27)
        assert word in found.detail


def test_what_still_is_held_comes_after_what_came_back_and_crumbs_are_left_out() -> None:
    cleared = blocks(HeldBy.TRACEBACK, "Engine.last_error")
    kept = blocks(HeldBy.CACHE, "Engine.encode", bytes=900 * MIB)
    crumb = blocks(HeldBy.OBJECT, "Engine.name", bytes=1 * MIB)
    all_of_it = Climb(
        bytes=1001 * MIB,
        held=(kept, cleared, crumb),
        steps=(step(Rung.TRACEBACK, "Engine.last_error", 100 * MIB, before=1001 * MIB),),
        left_bytes=901 * MIB,
        left=(kept, crumb),
        complete=True,
    )
    kinds = [found.kind for found in holders_inside(measured(all_of_it))]
    assert kinds == [HolderKind.TRACEBACK, HolderKind.CACHE]


def test_a_step_that_brought_nothing_back_is_no_holder() -> None:
    held = blocks(HeldBy.TRACEBACK, "Engine.last_error", frame=FRAME)
    found = holder(climb(held, steps=(step(Rung.TRACEBACK, "Engine.last_error", 0),)))
    assert found.detail.startswith("100 MiB of 100 MiB is held by the traceback kept in")


def retained(faults: Climb, **sizes: int) -> Measurement:
    """200 MiB more than at the baseline, and what each process has of it (``p7=``)."""
    measurement = Serving(after=1200 * MIB).measurement()
    parts = tuple(
        ProcessMemory(
            device="cpu", pid=int(name[1:]), name="engine", owner=Owner.WORKLOAD, bytes=size
        )
        for name, size in sizes.items()
    )
    snapshots = tuple(
        replace(one, processes=parts) if one.stage is Stage.AFTER_ERROR else one
        for one in measurement.snapshots
    )
    retention = Retention(root=ROOT, pid=7, faults=faults, once_more=None)
    return replace(measurement, snapshots=snapshots, retention=retention)


def test_what_no_python_object_accounts_for_is_native() -> None:
    (found,) = name_holders(retained(climb(), p7=200 * MIB), limits())
    assert (found.kind, found.pid, found.bytes) == (HolderKind.NATIVE, 7, 200 * MIB)
    assert found.detail.startswith("200 MiB on cpu belong to nothing that Python's collector knows")


def test_or_it_is_another_process_of_the_workloads() -> None:
    (found,) = name_holders(retained(climb(), p7=MIB, p8=200 * MIB), limits())
    assert (found.kind, found.source, found.pid) == (HolderKind.PROCESS, Source.KERNEL, 8)
    assert found.bytes == 200 * MIB


def test_what_is_accounted_for_mostly_needs_no_other_holder() -> None:
    (found,) = name_holders(retained(climb(blocks(HeldBy.OBJECT)), p8=200 * MIB), limits())
    assert found.kind is HolderKind.OBJECT
