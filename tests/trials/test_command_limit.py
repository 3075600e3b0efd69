"""How much memory a command may take, by what it was seen to take without a limit."""

from __future__ import annotations

import pytest

from ops002.measurement import JudgedDevice, Missing, Reading, Snapshot, Stage
from ops002.result import Device
from ops002.trials.command_limit import limit_of
from ops002.workloads import StepFailed
from tests.builders import GIB, MIB

TOTAL = 80 * GIB


def judged(device: str) -> JudgedDevice:
    return JudgedDevice(device=device, instrument="used", own="own", others="others")


def gpu(device: str, total: int | None = TOTAL) -> Device:
    return Device(id=device, name="H100", uuid=None, total_bytes=total)


def taken(device: str, used: tuple[int, ...], own: tuple[int | None, ...]) -> list[Snapshot]:
    return [
        Snapshot(
            seconds=0.0,
            stage=Stage.WARM_UP,
            fault=None,
            readings=(
                Reading(device=device, instrument="used", bytes=card),
                Missing(device=device, instrument="own", missing="nobody says")
                if ours is None
                else Reading(device=device, instrument="own", bytes=ours),
            ),
        )
        for card, ours in zip(used, own, strict=True)
    ]


def bytes_allowed(peak: int, tolerance: int = 64 * MIB) -> int:
    seen = taken("cuda:0", (9 * GIB, 9 * GIB), (0, peak))
    return limit_of(seen, [judged("cuda:0")], [gpu("cuda:0")], tolerance).bytes


@pytest.mark.parametrize(("peak", "allowed"), [
    pytest.param(10 * GIB, 5 * GIB, id="half of it"),
    pytest.param(400 * MIB, 256 * MIB, id="four tolerances, if that is more"),
    pytest.param(257 * MIB, 256 * MIB, id="and still too few"),
    pytest.param(256 * MIB, 128 * MIB, id="else it would never run out"),
])  # fmt: skip
def test_the_limit_is_below_the_peak(peak: int, allowed: int) -> None:
    assert bytes_allowed(peak) == allowed


def test_the_limit_is_a_part_of_its_device() -> None:
    seen = taken("cuda:0", (0, 0), (0, 10 * GIB))
    limit = limit_of(seen, [judged("cuda:0")], [gpu("cuda:1"), gpu("cuda:0")], 64 * MIB)
    assert limit.fraction == 5 / 80


def test_where_own_bytes_arent_told_throughout_the_rise_of_the_device_counts() -> None:
    seen = taken("cuda:0", (3 * GIB, 11 * GIB, 3 * GIB), (0, None, 0))
    assert limit_of(seen, [judged("cuda:0")], [gpu("cuda:0")], MIB).bytes == 4 * GIB


def test_of_several_devices_it_runs_out_where_it_takes_the_largest_part() -> None:
    seen = [
        *taken("cuda:0", (0,), (4 * GIB,)),
        *taken("cuda:1", (0,), (2 * GIB,)),
    ]
    both = [
        Snapshot(
            seconds=0.0,
            stage=Stage.WARM_UP,
            fault=None,
            readings=tuple(reading for one in seen for reading in one.readings),
        )
    ]
    devices = [judged("cuda:0"), judged("cuda:1")]
    limit = limit_of(both, devices, [gpu("cuda:0"), gpu("cuda:1", 8 * GIB)], MIB)
    assert (limit.bytes, limit.fraction) == (GIB, 1 / 8)


@pytest.mark.parametrize(("own", "total"), [((0, 0), TOTAL), ((0, GIB), None)])
def test_what_was_never_seen_cant_be_limited(own: tuple[int, ...], total: int | None) -> None:
    seen = taken("cuda:0", (GIB, GIB), own)
    with pytest.raises(StepFailed, match="what the command takes of a GPU"):
        limit_of(seen, [judged("cuda:0")], [gpu("cuda:0", total)], MIB)


def test_a_command_that_was_over_before_anything_was_read_cant_be_limited() -> None:
    with pytest.raises(StepFailed):
        limit_of([], [judged("cuda:0")], [gpu("cuda:0")], MIB)
