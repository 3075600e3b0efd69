"""Who holds what was retained."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from ops002.attribution import name_holders
from ops002.holders import Holder, HolderKind
from ops002.measurement import (
    Measurement,
    Missing,
    Owner,
    Phase,
    ProcessMemory,
    Snapshot,
    Source,
    Stage,
)
from tests.builders import (
    MIB,
    Serving,
    limits,
    missing,
    on_shared_device,
    process,
    reading,
    snapshot,
)
from tests.strategies import measurements


def seen(stage: Stage, **sizes: int | Missing) -> Snapshot:
    """A snapshot with each process's part; ``p7=1`` is one byte of process 7."""
    parts = tuple(
        ProcessMemory(
            device="cpu",
            pid=int(name[1:]),
            name="worker",
            owner=Owner.WORKLOAD,
            bytes=size,
        )
        for name, size in sizes.items()
    )
    return replace(snapshot(stage, reading(0)), processes=parts)


def holders(*snapshots: Snapshot, pids: tuple[int, ...]) -> list[tuple[int | None, int | None]]:
    measurement = Serving().measurement(
        snapshots=snapshots, survivors=tuple(process(pid) for pid in pids)
    )
    return [(holder.pid, holder.bytes) for holder in name_holders(measurement, limits())]


def test_a_workload_that_is_gone_holds_nothing() -> None:
    assert name_holders(Serving().measurement(), limits()) == ()


def test_a_survivor_is_named_with_what_it_was_started_as() -> None:
    measurement = Serving().measurement(survivors=(process(7, "daemon"),))
    assert name_holders(measurement, limits()) == (
        Holder(
            kind=HolderKind.PROCESS,
            source=Source.KERNEL,
            bytes=None,
            pid=7,
            name="daemon",
            file=None,
            line=None,
            detail="alive after the workload's exit: daemon --serve",
        ),
    )


def test_the_biggest_survivor_comes_first_and_unknown_sizes_last() -> None:
    after = seen(Stage.AFTER_EXIT, p1=MIB, p2=missing(), p3=9 * MIB)
    assert holders(after, pids=(1, 2, 3)) == [(3, 9 * MIB), (1, MIB), (2, None)]


def test_the_last_reading_after_the_exit_counts() -> None:
    alive = seen(Stage.AFTER_ERROR, p1=99)
    first, last = seen(Stage.AFTER_EXIT, p1=50), seen(Stage.AFTER_EXIT, p1=5)
    assert holders(alive, first, last, pids=(1,)) == [(1, 5)]
    assert holders(alive, pids=(1,)) == [(1, None)]


def test_a_survivor_that_can_not_be_read_any_more_has_no_size() -> None:
    first, last = seen(Stage.AFTER_EXIT, p1=50), seen(Stage.AFTER_EXIT, p1=missing())
    assert holders(first, last, pids=(1,)) == [(1, None)]


def unlisted(after: int, own: int) -> list[Holder]:
    """Who holds what came to a device, besides 1000 MiB of the workload's that stay."""
    measurement = Serving(after=after).measurement(phases=(Phase.AFTER_ERROR,))
    told = on_shared_device(measurement, own=(1000 * MIB, own), others=(0, 0))
    return list(name_holders(told, limits()))


def test_what_came_and_belongs_to_nobody_is_told() -> None:
    (holder,) = unlisted(after=1300 * MIB, own=1100 * MIB)
    assert (holder.kind, holder.bytes, holder.pid) == (HolderKind.UNLISTED, 200 * MIB, None)
    assert holder.detail.startswith("on cpu belong to no process that the driver lists: ")


def test_only_if_it_is_most_of_what_came_and_that_is_too_much() -> None:
    assert unlisted(after=1300 * MIB, own=1151 * MIB) == []
    assert unlisted(after=1064 * MIB, own=1000 * MIB) == []
    assert unlisted(after=1065 * MIB, own=1000 * MIB) != []


def test_neighbours_that_moved_are_told_once_those_that_moved_most_first() -> None:
    before = {1: 100 * MIB, 2: 900 * MIB, 3: 50 * MIB, 4: 7 * MIB}
    after = {1: 350 * MIB, 2: 700 * MIB, 4: 7 * MIB, 5: 90 * MIB}
    theirs = sum(before.values()), sum(after.values())
    measurement = on_shared_device(
        Serving().measurement(), others=theirs, neighbours=(before, after)
    )
    told = [(one.pid, one.bytes, one.detail) for one in name_holders(measurement, limits())]
    assert told == [
        (1, 350 * MIB, "took 250 MiB more on cpu"),
        (2, 700 * MIB, "gave back 200 MiB on cpu"),
        (5, 90 * MIB, "came to cpu with 90.0 MiB"),
        (3, 0, "left cpu with 50.0 MiB"),
    ]


@given(measurements)
def test_every_survivor_of_any_measurement_is_named(measurement: Measurement) -> None:
    named = sorted(
        holder.pid or 0
        for holder in name_holders(measurement, limits())
        if holder.kind is HolderKind.PROCESS
    )
    assert named == sorted(process.pid for process in measurement.survivors)
