"""What is made of a worker's word on torch's allocator: checked, and kept by device."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops002.clock import Clock
from ops002.measurement import (
    TORCH_ALLOCATED,
    TORCH_PEAK,
    TORCH_RESERVED,
    Evidence,
    Measurement,
    Phase,
    Reading,
    Seen,
    Source,
    Stage,
)
from ops002.trials.allocator import AllocatorReadings
from ops002.trials.onlooker import NobodyLooks
from ops002.trials.recording import Recording
from ops002.workloads.torch_allocator import TorchAllocator
from tests.fakes import JUDGED, ScriptedProbe
from tests.fuzz.replies import replies

DEVICE = {"device": 0, "allocated": 100, "reserved": 200, "peak": 150, "ooms": 3}
LATER = {"device": 0, "allocated": 100, "reserved": 200, "peak": 190, "ooms": 5}
NEW = {"device": 1, "allocated": 0, "reserved": 0, "peak": 70, "ooms": 1}


def told(*devices: Any, visible: int = 1) -> dict[str, Any]:
    return {"ok": True, "allocator": {"visible": visible, "devices": list(devices)}}


def asked(reply: dict[str, Any], *, on_gpus: bool = True) -> TorchAllocator:
    """An allocator that answers so."""
    allocator = TorchAllocator(lambda _reset: reply)
    allocator.on_gpus = on_gpus
    return allocator


def between(before: dict[str, Any], after: dict[str, Any]) -> TorchAllocator:
    allocator = asked(before)
    allocator.begin()
    allocator.end(after)
    return allocator


def test_the_rise_is_from_what_was_live_at_the_beginning() -> None:
    assert between(told(DEVICE), told(LATER)).rise_bytes == 90


def test_of_several_devices_the_largest_rise_counts_and_errors_add_up() -> None:
    allocator = between(told(DEVICE), told(LATER, NEW))
    assert (allocator.rise_bytes, allocator.ooms) == (90, 3)


def test_errors_are_evidence_of_the_workload_alone() -> None:
    (seen,) = between(told(DEVICE), told(LATER)).evidence()
    assert seen == Evidence(source=Source.WORKLOAD, what=Seen.ALLOCATOR_OOMS, value=2)


def test_counts_that_the_workload_reset_are_no_error() -> None:
    assert between(told(LATER), told(DEVICE)).ooms == 0


@pytest.mark.parametrize("after", [{}, told(), {"allocator": {"why": "no torch"}}])
def test_where_nobody_counts_there_is_no_evidence(after: dict[str, Any]) -> None:
    allocator = between(told(DEVICE), after)
    assert (allocator.rise_bytes, list(allocator.evidence())) == (None, [])


def test_what_was_told_before_isnt_taken_for_the_end() -> None:
    allocator = between(told(DEVICE), told(LATER))
    allocator.begin()
    assert allocator.ooms is None


@pytest.mark.parametrize("name", DEVICE)
@pytest.mark.parametrize("size", [None, -1, 2**40 + 1, 1.0, True, "5", [5]])
def test_figures_that_no_device_can_have_are_dropped(name: str, size: object) -> None:
    assert asked(told({**DEVICE, name: size})).now().devices == ()


@given(replies, st.recursive(st.none() | st.integers(), st.lists))
def test_any_reply_is_sizes_or_nothing(reply: dict[str, Any], odd: object) -> None:
    for answer in (reply, {"allocator": odd}, told(odd), told(DEVICE, odd)):
        for one in asked(answer).now().devices:
            assert one == asked(told(DEVICE)).now().devices[0]


def test_on_a_cpu_nobody_is_asked() -> None:
    def ask(_reset: bool) -> dict[str, Any]:  # noqa: FBT001 (of the question)
        raise AssertionError

    allocator = TorchAllocator(ask)
    allocator.begin()
    allocator.end(told(DEVICE))
    assert (allocator.now().devices, allocator.after.devices) == ((), ())


def recorded(reply: dict[str, Any]) -> Measurement:
    """A settled wait and a fault of a workload that answers so."""
    probe = ScriptedProbe([7])
    recording = Recording((Phase.AFTER_ERROR,), probe, Clock(60), NobodyLooks())
    allocator = asked(reply)
    readings = AllocatorReadings(allocator, recording, probe.devices)
    recording.enter(Stage.BASELINE)
    recording.snapshot(())
    readings.settled()
    recording.enter(Stage.FAULT, 0)
    readings.begin()
    allocator.end(reply)
    readings.finish()
    return recording.measurement()


def by_stage(measurement: Measurement) -> list[tuple[Stage, list[tuple[str, int]]]]:
    """The readings by the stage of their snapshot."""
    return [
        (one.stage, [(r.instrument, r.bytes) for r in one.readings if isinstance(r, Reading)])
        for one in measurement.snapshots
    ]


def test_live_bytes_belong_to_the_settled_snapshot_and_peaks_to_the_fault() -> None:
    judged = (JUDGED.instrument, 7)
    assert by_stage(recorded(told(DEVICE))) == [
        (Stage.BASELINE, [judged, (TORCH_ALLOCATED, 100), (TORCH_RESERVED, 200)]),
        (Stage.FAULT, [(TORCH_PEAK, 150)]),
        (Stage.FAULT, [(TORCH_PEAK, 150)]),
    ]


@pytest.mark.parametrize("reply", [
    pytest.param(told(NEW), id="a device that isn't there"),
    pytest.param(told(DEVICE, visible=2), id="more devices than it was given"),
    pytest.param({"ok": True}, id="nothing"),
])  # fmt: skip
def test_what_cant_be_told_by_device_leaves_no_reading(reply: dict[str, Any]) -> None:
    assert by_stage(recorded(reply)) == [(Stage.BASELINE, [(JUDGED.instrument, 7)])]


def test_that_torch_sees_other_devices_is_said() -> None:
    (remark,) = recorded(told(DEVICE, visible=2)).health
    assert remark.startswith("torch sees 2 devices and was given 1")
    assert recorded(told(DEVICE)).health == ()
