"""Reads a report as a distrustful person would: from the raw document, with no code of the gate.

It says what a green report must at least show. It is coarser than the gate, so it may call green
what the gate calls red; never the other way round.
"""

from __future__ import annotations

from typing import Any, Final

_UNITS: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_CAP: Final = 256 * 2**20
_LARGEST: Final = 2**40
_WAITS: Final = {
    "after-error": ("baseline", "after-error"),
    "after-exit": ("before-start", "after-exit"),
}


def is_green(report: dict[str, Any]) -> bool:
    """Whether each planned fault was forced as often as planned, and memory came back each time."""
    scenarios = report["parameters"]["scenarios"]
    return not report["incidents"] and all(_came_back(report, scenario) for scenario in scenarios)


def _came_back(report: dict[str, Any], scenario: dict[str, Any]) -> bool:
    trials = [trial for trial in report["trials"] if trial["scenario"] == scenario["name"]]
    last = [t for t in trials if t["attempt"] == max(one["attempt"] for one in trials)]
    return len(last) == len(scenario["faults"]) > 0 and all(
        _trial_is_green(trial["measurement"], scenario, fault["repeat"])
        for trial, fault in zip(last, scenario["faults"], strict=True)
    )


def _trial_is_green(measurement: dict[str, Any], scenario: dict[str, Any], repeat: int) -> bool:
    tolerance = _bytes(scenario["tolerance"])
    return (
        tolerance <= _CAP
        and not measurement["incidents"]
        and ("after-exit" not in measurement["phases"] or not measurement["survivors"])
        and len(measurement["faults"]) >= repeat
        and all(fault["evidence"] for fault in measurement["faults"])
        and bool(measurement["phases"])
        and bool(measurement["devices"])
        and all(
            _is_back(measurement, judged, waits, tolerance)
            for waits in (_waits(measurement, phase, scenario) for phase in measurement["phases"])
            for judged in measurement["devices"]
        )
    )


def _waits(measurement: dict[str, Any], phase: str, scenario: dict[str, Any]) -> tuple[str, str]:
    """The stages whose last readings are compared."""
    collected = any(one["stage"] == "after-collect" for one in measurement["snapshots"])
    if phase == "after-error" and scenario["held_until_gc"] == "accept" and collected:
        return "baseline", "after-collect"
    return _WAITS[phase]


def _is_back(
    measurement: dict[str, Any], judged: dict[str, str], waits: tuple[str, str], tolerance: int
) -> bool:
    first, last = (_last(measurement, judged, stage) for stage in waits)
    if first is None or last is None:
        return False
    return max(first, last) <= _LARGEST and min(first, last) >= 0 and abs(last - first) <= tolerance


def _last(measurement: dict[str, Any], judged: dict[str, str], stage: str) -> int | None:
    """The newest reading of a stage; None if there is none, or it could not be taken."""
    taken = [one for one in measurement["snapshots"] if one["stage"] == stage]
    for reading in taken[-1]["readings"] if taken else ():
        if (reading["device"], reading["instrument"]) == (judged["device"], judged["instrument"]):
            size: int | None = reading.get("bytes")
            return size
    return None


def _bytes(size: str) -> int:
    unit = size.lstrip("0123456789")
    return int(size.removesuffix(unit)) * _UNITS[unit]
