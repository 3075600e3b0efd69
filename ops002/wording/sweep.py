"""What a sweep did and found: the sentences that every report uses; pure."""

from __future__ import annotations

from collections.abc import Iterator

from ops002.holders import HolderKind
from ops002.measurement import Phase
from ops002.points import Sweep, Untold
from ops002.reasons import Reason
from ops002.result import TrialResult
from ops002.units import show_delta, show_size
from ops002.verdict.judge import Check
from ops002.verdict.swept import grows, most_held


def remarks(trial: TrialResult) -> tuple[str, ...]:
    """What a reader of any report must know of a trial, green or red: first what it covered."""
    sweep = trial.measurement.sweep
    covered = () if sweep is None else (coverage(sweep),)
    return (*covered, *trial.measurement.health)


def coverage(sweep: Sweep) -> str:
    """How much of the inference was swept."""
    if sweep.out_of_reach:
        return f"not swept: {'; '.join(sweep.out_of_reach)}"
    return "; ".join(_covered(sweep))


def _covered(sweep: Sweep) -> Iterator[str]:
    points = f"{sweep.points:,} points at {_counted(sweep.sites, 'place')} of the code"
    yield f"{sweep.tried:,} of {points} tried"
    yield f"{sweep.raised:,} ran out of memory, {sweep.failed:,} of these inferences failed"
    if isinstance(sweep.allocator_events, Untold):
        yield f"allocations in all: not known ({sweep.allocator_events.untold})"
    else:
        yield f"the inference asks its allocator {sweep.allocator_events:,} times"
    if sweep.differed:
        yield f"at {sweep.differed:,} the inference did other things than when it was counted"
    if sweep.stopped is not None:
        yield f"the rest was not tried: {sweep.stopped}"


def when(sweep: Sweep) -> str:
    """After what a sweep's figures were read."""
    return f"after running out of memory at {_counted(sweep.raised, 'point')} of the inference"


def found(trial: TrialResult, check: Check) -> str | None:
    """What a sweep's trial is red for, with the line that keeps most; None if it isn't."""
    sweep, figures = trial.measurement.sweep, trial.sweep
    if sweep is None or figures is None or check.phase is not Phase.AFTER_ERROR:
        return None
    delta, device = check.delta_bytes or 0, check.device
    beside, where = f"{show_delta(delta)} on {device}", _worst_line(trial)
    if trial.reason is Reason.LEAK:
        seen = f"{show_size(delta)} retained on {device}"
        if delta <= check.tolerance_bytes:
            seen = f"{show_size(figures.most_kept_bytes)} of tensors alive, {beside} at the end,"
        return f"{seen} {when(sweep)}{where}"
    if trial.reason is Reason.HELD_UNTIL_GC and most_held(sweep) > check.tolerance_bytes:
        size = show_size(most_held(sweep))
        return f"{size} of tensors alive until Python's collector ran, {when(sweep)}{where}"
    if trial.reason is Reason.GROWTH_PER_ERROR and grows(sweep):
        return f"memory is added each time that a point fails: {beside} {when(sweep)}{where}"
    return None


def _worst_line(trial: TrialResult) -> str:
    """The line that keeps most, to be added to a headline; empty if none is known."""
    for holder in trial.holders:
        if holder.kind is HolderKind.POINT and holder.file is not None:
            return f", most where {holder.name} fails at {holder.file}:{holder.line}"
    return ""


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
