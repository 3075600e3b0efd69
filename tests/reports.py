"""Results of every kind, for what reads or shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ops002.measurement import IncidentKind, Measurement, Owner, ProcessMemory
from ops002.result import GateResult
from tests.builders import (
    GIB,
    MIB,
    Exiting,
    Serving,
    document,
    exit_status,
    gate,
    incident,
    missing,
    process,
    scenario_document,
)

_TWO: Final = document(scenario_document(), scenario_document(name="other"))
_COMMAND: Final = document(
    scenario_document(
        workload={"kind": "command", "run": ["apr"]},
        faults=[{"kind": "exit", "expect": {"exit_code": [1]}}],
    )
)


def _failing() -> Measurement:
    parts = (
        ProcessMemory(device="cpu", pid=7, name="worker", owner=Owner.WORKLOAD, bytes=3 * MIB),
        ProcessMemory(device="cpu", pid=8, name="other", owner=Owner.OTHER, bytes=missing()),
    )
    measurement = Serving(after=2 * GIB).measurement(
        survivors=(process(7), process(8)), health=("quiesce: nothing",), output_tail=("bye",)
    )
    *earlier, last = measurement.snapshots
    return replace(measurement, snapshots=(*earlier, replace(last, processes=parts)))


def _unreadable() -> Measurement:
    measurement = Serving().measurement()
    blind = tuple(replace(one, readings=(missing(),)) for one in measurement.snapshots)
    return replace(measurement, snapshots=blind)


RESULTS: Final[dict[str, GateResult]] = {
    "pass": gate(Serving().measurement()),
    "fail": gate(_failing()),
    "command": gate(
        Exiting(evidence=(exit_status(1),)).measurement(),
        config=_COMMAND,
    ),
    "two scenarios": gate(Serving().measurement(), _failing(), config=_TWO),
    "unreadable": gate(_unreadable()),
    "interrupted in a trial": gate(
        Serving().measurement(incidents=(incident(IncidentKind.INTERRUPTED, signal=15),)),
        config=_TWO,
    ),
    "interrupted before any trial": gate(
        incidents=(incident(IncidentKind.INTERRUPTED, signal=2),),
    ),
    "a defect of the gate": gate(incidents=(incident(IncidentKind.INTERNAL_ERROR),)),
}
