"""Memory over time in Markdown: bars of text, which show everywhere, and a chart, which may not."""

from __future__ import annotations

import math
from collections.abc import Iterator
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
_JUDGED: Final = {Stage.AFTER_ERROR, Stage.AFTER_COLLECT, Stage.AFTER_INFERENCE, Stage.AFTER_EXIT}
_Wait = tuple[Stage, int | None]
# The colours that a chart has by itself can hardly be seen.
_COLOURS: Final = (
    '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#0969da, #cf222e"}}}}%%'
)


def bars(trial: TrialResult) -> Iterator[str]:
    """A bar per wait, for each device that was read."""
    for judged in trial.measurement.devices:
        levels_of = _levels(trial.measurement, judged)
        if levels_of:
            where = f"{code(trial.scenario)}, {prose(trial.fault)}, on {code(judged.device)}"
            yield f"{where}, by {code(judged.instrument)}:"
            yield fence(_bars(levels_of, trial, judged))


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


def _levels(measurement: Measurement, judged: JudgedDevice) -> dict[_Wait, int]:
    """What each wait ended with; of a fault the most. What came to no error is left out."""
    found: dict[_Wait, int] = {}
    for snapshot in measurement.snapshots:
        reading = snapshot.reading(judged.device, judged.instrument)
        if isinstance(reading, Reading) and snapshot.stage is not Stage.HEALTHY_TRY:
            wait = snapshot.stage, snapshot.fault
            before = found.get(wait, reading.bytes)
            of_fault = snapshot.stage is Stage.FAULT
            found[wait] = max(before, reading.bytes) if of_fault else reading.bytes
    return found


def _before(trial: TrialResult, judged: JudgedDevice, stage: Stage) -> int | None:
    """What a stage's level is compared with: the check's baseline that it belongs to."""
    if stage in {Stage.BEFORE_START, Stage.WARM_UP, Stage.BASELINE}:
        return None
    found = {one.phase: one.baseline_bytes for one in trial.checks if one.device == judged.device}
    left = found.get(Phase.AFTER_EXIT)
    return left if stage is Stage.AFTER_EXIT else found.get(Phase.AFTER_ERROR, left)


def _bars(levels_of: dict[_Wait, int], trial: TrialResult, judged: JudgedDevice) -> Iterator[str]:
    most = max(1, *levels_of.values())
    left = len(levels_of) - _MOST_BARS
    for place, ((stage, number), size) in enumerate(levels_of.items()):
        if left > 0 and _MOST_BARS // 2 <= place < _MOST_BARS // 2 + left:
            if place == _MOST_BARS // 2:
                yield f"... {left} more"
            continue
        count = "" if number is None else f" {number + 1}"
        peak = " (peak)" if stage is Stage.FAULT else ""
        before = _before(trial, judged, stage)
        change = "" if before is None else show_delta(size - before)
        over = before is not None and size - before > trial.checks[0].tolerance_bytes
        mark = "  over the tolerance" if over and stage in _JUDGED else ""
        label = f"{stage.value}{count}{peak}"
        yield f"{label:<18} {show_size(size):>10} {change:>11}  {_bar(size, most)}{mark}".rstrip()


def _bar(size: int, most: int) -> str:
    eighths = max(0, size) * _WIDTH * 8 // most
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _mermaid(trial: TrialResult, judged: JudgedDevice) -> str:
    drawn = tuple(points(trial.measurement, judged))
    sizes = levels(drawn, _CHART_POINTS)
    start, end = drawn[0][0], drawn[-1][0]
    lines = [_line(sizes)]
    baseline = _before(trial, judged, Stage.AFTER_ERROR)
    limit = 0 if baseline is None else baseline + trial.checks[0].tolerance_bytes
    if baseline is not None:
        lines.append(_line([limit] * len(sizes)))
    # Older servers know the chart by this name alone, newer ones by both.
    axes = [
        _COLOURS,
        "xychart-beta",
        '    title "memory in MiB (blue), and the most that passes (red)"',
        f'    x-axis "seconds" 0 --> {max(0.1, end - start):.1f}',
        f'    y-axis "MiB" 0 --> {max(_MIB, limit, *sizes) / _MIB:.1f}',
    ]
    return fence([*axes, *lines], "mermaid")


def _line(sizes: list[int]) -> str:
    return f"    line [{', '.join(f'{size / _MIB:.1f}' for size in sizes)}]"
