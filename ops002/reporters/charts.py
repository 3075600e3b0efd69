"""Memory over time in Markdown: bars of text, which show everywhere, and a chart, which may not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from ops002.contract import AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES
from ops002.measurement import JudgedDevice, Measurement, Phase, Reading, Stage
from ops002.reporters.markdown import code, fence, fold, prose
from ops002.reporters.sparkline import levels, points
from ops002.result import TrialResult
from ops002.units import SIZE_UNITS, show_delta, show_size

_MIB: Final = SIZE_UNITS["MiB"]
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_WIDTH: Final = 32
_MOST_BARS: Final = 40
_CHART_POINTS: Final = 60


def bars(trial: TrialResult) -> Iterator[str]:
    """A bar per wait, for each device that was read."""
    for judged in trial.measurement.devices:
        steps = list(_steps(trial.measurement, judged))
        if steps:
            where = f"{code(trial.scenario)}, {prose(trial.fault)}, on {code(judged.device)}"
            yield f"{where}, by {code(judged.instrument)}; the change is from the baseline:"
            yield fence(_bars(steps, _baseline(trial, judged)))


def chart(trial: TrialResult) -> Iterator[str]:
    """The readings as a line, and the highest that passes; only where readings can be true."""
    for judged in trial.measurement.devices:
        drawn = tuple(points(trial.measurement, judged))
        times = [seconds for seconds, _ in drawn]
        sizes = [size for _, size in drawn]
        possible = all(0 <= size <= AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES for size in sizes)
        if len(drawn) > 1 and possible and all(map(math.isfinite, times)):
            title = f"Chart: {code(trial.scenario)}, {prose(trial.fault)} on {code(judged.device)}"
            yield fold("Memory over time, as a chart", f"{title}\n\n{_mermaid(trial, judged)}")


def _steps(measurement: Measurement, judged: JudgedDevice) -> Iterator[tuple[str, int]]:
    """What each wait ended with; of a fault the most."""
    stages = groupby(measurement.snapshots, key=lambda one: (one.stage, one.fault))
    for (stage, number), group in stages:
        readings = [snapshot.reading(judged.device, judged.instrument) for snapshot in group]
        sizes = [reading.bytes for reading in readings if isinstance(reading, Reading)]
        if sizes:
            size = max(sizes) if stage in {Stage.FAULT, Stage.HEALTHY_TRY} else sizes[-1]
            peak = " (peak)" if stage is Stage.FAULT else ""
            count = "" if number is None else f" {number + 1}"
            yield f"{stage.value}{count}{peak}", size


def _baseline(trial: TrialResult, judged: JudgedDevice) -> int | None:
    """What the warm workload held; the reading before the start where none outlives its error."""
    found = {
        check.phase: check.baseline_bytes for check in trial.checks if check.device == judged.device
    }
    return found.get(Phase.AFTER_ERROR, found.get(Phase.AFTER_EXIT))


def _bars(steps: list[tuple[str, int]], baseline: int | None) -> Iterator[str]:
    most = max(1, *(size for _, size in steps))
    left = len(steps) - _MOST_BARS
    for number, (label, size) in enumerate(steps):
        if left > 0 and _MOST_BARS // 2 <= number < _MOST_BARS // 2 + left:
            if number == _MOST_BARS // 2:
                yield f"... {left} more"
            continue
        change = "" if baseline is None else show_delta(size - baseline)
        yield f"{label:<18} {show_size(size):>10} {change:>11}  {_bar(size, most)}".rstrip()


def _bar(size: int, most: int) -> str:
    eighths = max(0, size) * _WIDTH * 8 // most
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _mermaid(trial: TrialResult, judged: JudgedDevice) -> str:
    drawn = tuple(points(trial.measurement, judged))
    sizes = levels(drawn, _CHART_POINTS)
    start, end = drawn[0][0], drawn[-1][0]
    lines = [f"    line [{', '.join(f'{size / _MIB:.1f}' for size in sizes)}]"]
    highest = max(sizes) / _MIB
    baseline = _baseline(trial, judged)
    if baseline is not None:
        limit = (baseline + trial.checks[0].tolerance_bytes) / _MIB
        lines.append(f"    line [{', '.join([f'{limit:.1f}'] * len(sizes))}]")
        highest = max(highest, limit)
    # Older servers know the chart by this name alone, newer ones by both.
    axes = [
        "xychart-beta",
        '    title "memory (MiB), and the most that passes"',
        f'    x-axis "seconds" {0:.1f} --> {max(0.1, end - start):.1f}',
        f'    y-axis "MiB" 0 --> {max(1.0, highest):.1f}',
    ]
    return fence([*axes, *lines], "mermaid")
