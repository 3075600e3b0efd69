"""The self-test: which leaks are planted, what the gate must say of each, and whether it did; pure.

A machine is fit if every planted leak is found, under its own reason and with its own figure, and
every clean twin (the same code, that lets go) passes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from ops002.config.resolved import DEFAULT_SETTLE
from ops002.measurement import Phase
from ops002.reasons import OUTCOME_OF, Outcome, Reason, worst
from ops002.result import EXIT_FAIL, EXIT_INCONCLUSIVE, EXIT_PASS, GateResult, TrialResult
from ops002.units import SIZE_UNITS, format_duration, format_size

_MIB: Final = SIZE_UNITS["MiB"]
_TOLERANCE_BYTES: Final = 64 * _MIB
_STEP_BYTES: Final = 16 * _MIB
"""How far above and below the tolerance a leak is planted to show where red begins."""

_FIGURE_SLACK_BYTES: Final = 2 * DEFAULT_SETTLE.band
"""How far a figure may be off: each of its two readings by as much as counts as still."""

LONGEST_SECONDS: Final = 600.0
"""After this a self-test ends as interrupted; it takes about a minute."""

# Shorter than in a run: whatever is planted is kept or given back at once. A leak costs the timeout
# up to twice, because the gate waits for memory to come back.
_SETTLE: Final = {"timeout": "1500ms", "window": "200ms", "interval": "20ms"}
_TIMEOUTS: Final = {"start": "60s", "infer": "60s", "exit": "10s"}

_CALL: Final = {"kind": "call", "expect": {"exception": "RuntimeError", "match": "^planted"}}
_OOM: Final = {"kind": "oom", "expect": {"exception": "MemoryError"}}
_INJECTED: Final = {"kind": "exception"}
_KILL: Final = {"kind": "kill"}
_EXIT: Final = {"kind": "exit", "expect": {"exit_code": [1], "output": "planted: failed"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where workloads are planted: device, interpreter, and the paths that they are given."""

    device: str
    python: str
    files: str
    cwd: str
    segment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A workload that is planted, and what the gate must say of it.

    ``file`` is its name in ``ops002/planted``. If it ``leaks``, one error keeps ``size_bytes``, and
    the next one as much again, unless that only takes the place of what was kept before. ``phase``
    is the check that shows it.
    """

    name: str
    file: str
    fault: Mapping[str, Any]
    size_bytes: int = 96 * _MIB
    repeat: int = 1
    accumulates: bool = True
    leaks: bool = True
    reason: Reason = Reason.LEAK
    phase: Phase = Phase.AFTER_ERROR
    tolerance_bytes: int = _TOLERANCE_BYTES

    def twin(self) -> Planted:
        """The same code, that lets go."""
        name = f"{self.name}, clean twin"
        return replace(self, name=name, leaks=False, reason=Reason.RETURNED_TO_BASELINE)

    @property
    def kept_bytes(self) -> int:
        """What is kept after all errors."""
        times = self.repeat if self.accumulates else 1
        return times * self.size_bytes if self.leaks else 0

    def document(self, place: Place) -> dict[str, Any]:
        """The config document that plants it and has the gate judge it."""
        scenario = {
            "name": self.name,
            "workload": self._workload(place),
            "faults": [dict(self.fault)],
        }
        return {
            "version": 1,
            "max_duration": format_duration(LONGEST_SECONDS),
            "device": place.device,
            "tolerance": format_size(self.tolerance_bytes),
            "warmup": 1,
            "control": 1,
            "repeat": self.repeat,
            "settle": _SETTLE,
            "scenarios": [scenario],
        }

    def _workload(self, place: Place) -> dict[str, Any]:
        file = f"{place.files}/{self.file}.py"
        env = {
            "OPS002_PLANTED": "leak" if self.leaks else "clean",
            "OPS002_PLANTED_BYTES": str(self.size_bytes),
            "OPS002_PLANTED_SEGMENT": place.segment,
        }
        common = {"env": env, "cwd": place.cwd, "timeouts": _TIMEOUTS}
        if self.fault["kind"] == "exit":
            return {"kind": "command", "run": [place.python, file], **common}
        return {"kind": "python", "file": file, **common}


_EXCEPTION: Final = Planted(
    name="stored exception", file="exceptions_kept", fault=_CALL, size_bytes=5 * _TOLERANCE_BYTES
)
_JUST_ABOVE: Final = replace(
    _EXCEPTION,
    name="stored exception, just above",
    size_bytes=_TOLERANCE_BYTES + _STEP_BYTES,
)
# Not clean, and green: it shows that the gate isn't always red.
_BELOW: Final = replace(
    _EXCEPTION,
    name="stored exception, below what is judged",
    size_bytes=_TOLERANCE_BYTES - _STEP_BYTES,
    reason=Reason.RETURNED_TO_BASELINE,
)
_CACHE: Final = Planted(
    name="cache that only success empties",
    file="request_cache",
    fault=_OOM,
    size_bytes=48 * _MIB,
    repeat=2,
)
_SLOT: Final = Planted(
    name="last failed request kept",
    file="last_request",
    fault=_INJECTED,
    repeat=2,
    accumulates=False,
)
_GROWTH: Final = Planted(
    name="a little of every error",
    file="exceptions_kept",
    fault=_CALL,
    size_bytes=3 * _MIB,
    repeat=8,
    reason=Reason.GROWTH_PER_ERROR,
)
_CYCLE: Final = Planted(
    name="cycle until collected", file="cycle", fault=_CALL, reason=Reason.HELD_UNTIL_GC
)
_BLOCKS: Final = Planted(name="native blocks lost", file="native_blocks", fault=_CALL)
_CHILD: Final = Planted(
    name="child outlives its parent",
    file="child",
    fault=_KILL,
    reason=Reason.SURVIVORS,
    phase=Phase.AFTER_EXIT,
)
# Smaller, because /dev/shm of a container is often no larger than 64 MiB.
_SEGMENT: Final = Planted(
    name="shared memory left",
    file="segment",
    fault=_EXIT,
    size_bytes=40 * _MIB,
    phase=Phase.AFTER_EXIT,
    tolerance_bytes=16 * _MIB,
)

PLANTED: Final = (
    _EXCEPTION,
    _EXCEPTION.twin(),
    _JUST_ABOVE,
    _BELOW,
    *(
        planted
        for leak in (_CACHE, _SLOT, _GROWTH, _CYCLE, _BLOCKS, _CHILD, _SEGMENT)
        for planted in (leak, leak.twin())
    ),
)


class Finding(str, Enum):
    """What the gate's word on a planted workload comes to."""

    AS_EXPECTED = "ok"
    MISSED = "MISSED"
    FALSE_ALARM = "FALSE ALARM"
    WRONG_REASON = "WRONG REASON"
    WRONG_FIGURE = "WRONG FIGURE"
    NOT_JUDGED = "NOT JUDGED"


@dataclass(frozen=True, slots=True)
class Row:
    """A planted workload, and the run in which the gate judged it."""

    planted: Planted
    result: GateResult

    @property
    def trial(self) -> TrialResult | None:
        """The trial that counts; None if the run ended before there was one."""
        return self.result.trials[-1] if self.result.trials else None

    @property
    def retained_bytes(self) -> int | None:
        """What the gate measured; None if it measured nothing."""
        checks = self.trial.checks if self.trial else ()
        deltas = (check.delta_bytes for check in checks if check.phase is self.planted.phase)
        return next(deltas, None)

    @property
    def finding(self) -> Finding:
        """What it comes to."""
        expected = OUTCOME_OF[self.planted.reason]
        if self.result.outcome is Outcome.INCONCLUSIVE:
            return Finding.NOT_JUDGED
        if self.result.outcome is not expected:
            return Finding.MISSED if expected is Outcome.FAIL else Finding.FALSE_ALARM
        if self.result.reason is not self.planted.reason:
            return Finding.WRONG_REASON
        retained = self.retained_bytes
        if retained is None or abs(retained - self.planted.kept_bytes) > _FIGURE_SLACK_BYTES:
            return Finding.WRONG_FIGURE
        return Finding.AS_EXPECTED


def exit_code(rows: Sequence[Row], due: Sequence[Planted]) -> int:
    """The exit code of a self-test: 0 only if all that was due was judged as expected."""
    findings = {row.finding for row in rows}
    if findings - {Finding.AS_EXPECTED, Finding.NOT_JUDGED}:
        return EXIT_FAIL
    if Finding.NOT_JUDGED in findings:
        reason = worst(row.result.reason for row in rows if row.finding is Finding.NOT_JUDGED)
        return next(row.result.exit_code for row in rows if row.result.reason is reason)
    all_of_them = bool(due) and [row.planted for row in rows] == list(due)
    return EXIT_PASS if all_of_them else EXIT_INCONCLUSIVE
