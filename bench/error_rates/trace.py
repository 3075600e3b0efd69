"""A recorded trial, reduced to what its memory did: enough to have it happen again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ops002.measurement import Measurement, Reading, Snapshot, Stage

FOLDER: Final = Path(__file__).parent / "traces"

# A clean trial has no second reading after collecting, and its first baseline stands for the rest.
_INSTEAD: Final = {
    Stage.WARM_UP: Stage.BASELINE,
    Stage.CONTROL: Stage.BASELINE,
    Stage.AFTER_COLLECT: Stage.AFTER_ERROR,
    Stage.AFTER_INFERENCE: Stage.AFTER_ERROR,
}

_AFTER_ALL: Final = frozenset({Stage.AFTER_COLLECT, Stage.AFTER_INFERENCE})

Wait = tuple[tuple[float, int], ...]
"""Seconds since the wait began, and bytes."""


@dataclass(frozen=True)
class Trace:
    """One trial. ``rise`` is the largest number of bytes that a fault took for a while."""

    name: str
    rise: int
    waits: dict[str, tuple[Wait, ...]]

    def wait(self, stage: Stage, number: int) -> Wait:
        """What memory did in a wait; where fewer were recorded the last goes on."""
        recorded = self.waits.get(stage.value) or self.waits[_INSTEAD[stage].value]
        last = len(recorded) - 1
        return recorded[last if stage in _AFTER_ALL else min(number, last)]


def traced(name: str, measurement: Measurement, rise: int) -> Trace:
    """The trace of a trial whose workload lived on."""
    kept = (Stage.CONTROL, Stage.BASELINE, Stage.FAULT, Stage.AFTER_ERROR, Stage.AFTER_INFERENCE)
    waits = {
        stage.value: tuple(
            wait for wait in (_wait(measurement, one) for one in measurement.series(stage)) if wait
        )
        for stage in kept
    }
    return Trace(name=name, rise=rise, waits=waits)


def _wait(measurement: Measurement, series: tuple[Snapshot, ...]) -> Wait:
    (judged,) = measurement.devices
    readings = (
        (one.seconds - series[0].seconds, one.reading(judged.device, judged.instrument))
        for one in series
    )
    return tuple(
        (round(seconds, 4), reading.bytes)
        for seconds, reading in readings
        if isinstance(reading, Reading)
    )


def save(trace: Trace, folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(trace), separators=(",", ":"))
    (folder / f"{trace.name}.json").write_text(text + "\n")


def saved(folder: Path = FOLDER) -> list[Trace]:
    """Every recorded trial.

    Raises:
        FileNotFoundError: there is none: rates over nothing would look perfect.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise FileNotFoundError(f"no recorded trial in {folder}: record some")
    return [_read(file) for file in files]


def _read(file: Path) -> Trace:
    document = json.loads(file.read_text())
    waits = {
        stage: tuple(tuple((at, size) for at, size in wait) for wait in waits)
        for stage, waits in document["waits"].items()
    }
    return Trace(name=document["name"], rise=document["rise"], waits=waits)
