"""What a green run must have been, by what there truly was; by no rule of the verdict's."""

from __future__ import annotations

from collections.abc import Iterator

from ops002.measurement import Measurement, Missing, Phase, Reading, Snapshot, Stage
from ops002.probes.cuda_memory import OTHERS, OWN
from ops002.reasons import Outcome
from tests.standin_nvml.machine import MIB
from tests.stories.story import Told
from tests.stories.world import Truth

TOLERANCE = 64 * MIB
BAND = 4 * MIB
_WAITS = {
    Phase.AFTER_ERROR: (Stage.BASELINE, Stage.AFTER_ERROR),
    Phase.AFTER_EXIT: (Stage.BEFORE_START, Stage.AFTER_EXIT),
}


def wrongs(told: Told) -> list[str]:
    """Why a run may not be green though it is; empty if it is red, or rightly green.

    Whose stake it was is asked where the driver told it: `borrowed` asks everywhere.
    """
    if told.result.outcome is not Outcome.PASS:
        return []
    if not told.result.trials:
        return ["nothing was measured"]
    measured = [one.measurement for one in told.result.trials]
    found = [wrong for one in measured for wrong in _of(one, told)]
    if told.story.plan.child and told.story.plan.child_outlives:
        found.append("a process of the workload outlived it")
    return found + (borrowed(told) if all(map(_told_apart, measured)) else [])


def borrowed(told: Told) -> list[str]:
    """The checks of a green run in which nothing of the workload's own was at stake."""
    if told.result.outcome is not Outcome.PASS:
        return []
    measured = [one.measurement for one in told.result.trials]
    return [wrong for one in measured for wrong in _stakes(one, told)]


def _told_apart(measurement: Measurement) -> bool:
    return all(
        isinstance(one.reading(judged.device, OWN), Reading)
        for judged in measurement.devices
        for one in measurement.snapshots
        if one.stage is Stage.FAULT and one.reading(judged.device, judged.instrument) is not None
    )


def _of(measurement: Measurement, told: Told) -> Iterator[str]:
    if len(measurement.devices) != len(told.world.places):
        yield "not every card was measured"
    truths = told.world.truths
    for snapshot in measurement.snapshots:
        if snapshot in truths:
            yield from _made_up(snapshot, truths[snapshot], told)
    for phase in measurement.phases:
        start, end = (_last(measurement, stage) for stage in _WAITS[phase])
        if start is None or end is None:
            yield f"{phase.value}: nothing was read"
            continue
        yield from _unread(phase, start, end, measurement)
        for place in _not_vouched_for(measurement, told):
            moved = truths[end].ours[place] - truths[start].ours[place]
            # What is listed for no process, beside others who may move by a band.
            if abs(moved) > TOLERANCE + BAND:
                yield f"{phase.value}: {moved / MIB:+.0f} MiB of the workload's on {place}"


def _not_vouched_for(measurement: Measurement, told: Told) -> Iterator[str]:
    """The cards on which the gate doesn't say that it had to take the workload to be alone."""
    for number, place in enumerate(told.world.places):
        vouched = f"who is on cuda:{number} can't be told"
        said = any(vouched in remark for remark in measurement.health)
        if not (said and _never_listed(measurement, f"cuda:{number}")):
            yield place


def _never_listed(measurement: Measurement, device: str) -> bool:
    shares = (one.reading(device, OTHERS) for one in measurement.snapshots)
    return not any(isinstance(share, Reading) for share in shares)


def _made_up(snapshot: Snapshot, truth: Truth, told: Told) -> Iterator[str]:
    for number, place in enumerate(told.world.places):
        reserved = told.world.cards[number].reserved
        here = told.world.cards[number].slices
        kept = here[0].reserved if here else reserved
        for version, used in (("v2", truth.used[place]), ("v1", truth.used[place] + kept)):
            read = snapshot.reading(f"cuda:{number}", f"nvml-used-{version}")
            if isinstance(read, Reading) and read.bytes != used:
                yield f"{snapshot.stage.value}: {read.bytes} was read where {used} was so"


def _unread(
    phase: Phase, start: Snapshot, end: Snapshot, measurement: Measurement
) -> Iterator[str]:
    for judged in measurement.devices:
        for snapshot in (start, end):
            read = snapshot.reading(judged.device, judged.instrument)
            if not isinstance(read, Reading):
                why = read.missing if isinstance(read, Missing) else "not asked"
                yield f"{phase.value}: no reading of {judged.device}: {why}"


def _stakes(measurement: Measurement, told: Told) -> Iterator[str]:
    """The workload itself must have taken more than could be kept unseen."""
    truths = told.world.truths
    for phase in measurement.phases:
        start = _last(measurement, _WAITS[phase][0])
        if start is None:
            continue
        for place, before in truths[start].ours.items():
            taken = [
                truths[one].ours[place] - before
                for one in measurement.snapshots
                if one in truths and one.stage is not Stage.WARM_UP
            ]
            if max(taken, default=0) <= TOLERANCE:
                yield f"{phase.value}: nothing of the workload's was at stake on {place}"


def _last(measurement: Measurement, stage: Stage) -> Snapshot | None:
    there = [one for one in measurement.snapshots if one.stage is stage]
    return there[-1] if there else None
