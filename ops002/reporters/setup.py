"""How a result was measured, as tables: every parameter, machine, commit and instrument."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any, Final

from ops002.reporters.markdown import code, table
from ops002.result import GateResult, TrialResult
from ops002.wording.result import growth_words

_MOST_TRIALS: Final = 100
_KEYS: Final = (
    "device",
    "tolerance",
    "min_at_stake",
    "warmup",
    "control",
    "repeat",
    "held_until_gc",
    "exclusive",
)


def render(result: GateResult) -> str:
    """Where, when and by what; each scenario's parameters; how each fault went."""
    parts = [
        table(("what", "value"), ([name, code(value)] for name, value in _facts(result))),
        table(
            ("scenario", "workload", *_KEYS, "settle"),
            (_parameters(scenario) for scenario in result.parameters["scenarios"]),
        ),
    ]
    if result.trials:
        titles = ("scenario", "fault", "forced", "seen by", "instruments", "quiesced by", "growth")
        parts.append(table(titles, map(_trial, result.trials[:_MOST_TRIALS])))
    return "\n\n".join(parts)


def _facts(result: GateResult) -> Iterator[tuple[str, str]]:
    there, git = result.environment, result.environment.git
    yield "gate", f"{result.tool.name} {result.tool.version}, {result.contract}"
    yield "measured", f"{result.started_at} to {result.finished_at}"
    yield "machine", f"{there.host}, {there.os}, Python {there.python}"
    yield "driver", there.driver or "none: no GPU was measured"
    for device in there.devices:
        yield "device", f"{device.id}: {device.name} {device.uuid or ''}".strip()
    known = {
        "repository": git.repository,
        "tested commit": git.tested_sha,
        "attached to": git.head_sha,
        "based on": git.base_sha,
        "ref": git.ref,
        "run": git.run_url,
    }
    yield from ((name, value or "unknown") for name, value in known.items())
    yield "gate's files from", git.config_ref or "the checkout"
    changes = git.gate_changes
    yield "of them changed", "unknown" if changes is None else ", ".join(changes) or "none"


def _parameters(scenario: dict[str, Any]) -> Iterator[str]:
    yield code(scenario["name"])
    yield code(_workload(scenario["workload"]))
    for key in _KEYS:
        yield code(str(scenario[key]).lower() if key == "exclusive" else str(scenario[key]))
    yield code(", ".join(f"{name} {value}" for name, value in scenario["settle"].items()))


def _workload(workload: dict[str, Any]) -> str:
    run = workload.get("run", [workload.get("file", "")])
    return f"{workload['kind']}: {shlex.join(run)}"


def _trial(trial: TrialResult) -> Iterator[str]:
    fired = sum(fault.fired for fault in trial.faults)
    sources = {item.source.value for fault in trial.faults for item in fault.evidence}
    yield code(trial.scenario)
    yield code(trial.fault)
    yield f"{len(trial.faults)} times, {fired} as expected"
    yield ", ".join(sorted(sources)) or "nobody"
    yield code(", ".join(judged.instrument for judged in trial.measurement.devices))
    yield code("; ".join(trial.measurement.quiesce))
    yield code(growth_words(trial.growth))
