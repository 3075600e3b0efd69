"""Who holds what was retained."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from ops002.attribution import Holder, HolderKind, name_holders
from ops002.measurement import Measurement, Missing, Owner, ProcessMemory, Snapshot, Stage
from tests.builders import MIB, Serving, limits, missing, process, reading, snapshot
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


@given(measurements)
def test_every_survivor_of_any_measurement_is_named(measurement: Measurement) -> None:
    named = sorted(holder.pid or 0 for holder in name_holders(measurement, limits()))
    assert named == sorted(process.pid for process in measurement.survivors)
