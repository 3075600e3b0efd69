"""The sentences that every report uses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given

from ops002.config.schema import Fault
from ops002.measurement import IncidentKind, Measurement, Stage
from ops002.reasons import Reason
from ops002.result import GateResult, TrialResult
from ops002.retention import Climb, HeldBlocks, HeldBy, Place, Retention
from ops002.verdict.growth import NOT_JUDGED, Growth
from ops002.wording.advice import ADVICE
from ops002.wording.result import _FAULT_WORDS, explanation, growth_words, headline, trial_line
from tests.builders import (
    GIB,
    MIB,
    OUT_OF_MEMORY,
    Exiting,
    Serving,
    document,
    exit_status,
    gate,
    incident,
    missing,
    on_shared_device,
    process,
    raised,
    scenario_document,
    snapshot,
    timeline,
    with_wait,
)
from tests.strategies import measurements

FIVE = document(repeat=5)
COMMAND = document(
    scenario_document(
        workload={"kind": "command", "run": ["apr"]},
        faults=[{"kind": "exit", "expect": {"exit_code": [1]}}],
    ),
    repeat=1,
)


def unreadable() -> Measurement:
    measurement = Serving().measurement()
    blind = snapshot(Stage.AFTER_EXIT, missing("PID 7: Permission denied"))
    return replace(measurement, snapshots=timeline((*measurement.snapshots, blind)))


HEADLINES: dict[str, tuple[GateResult, str]] = {
    "leak": (
        gate(
            Serving(baseline=GIB, after=GIB + int(2.4 * GIB), peak=5 * GIB, repeat=5).measurement(),
            config=FIVE,
        ),
        (
            "FAIL leak: 2.4 GiB retained on cpu after 5 out-of-memory errors, tolerance 64.0 MiB "
            "[scenario generate, fault oom]"
        ),
    ),
    "pass": (
        gate(Serving(after=990 * MIB).measurement()),
        (
            "PASS returned-to-baseline: -10.0 MiB on cpu after 2 out-of-memory errors, tolerance "
            "64.0 MiB [scenario generate, fault oom]"
        ),
    ),
    "one failing exit": (
        gate(
            Exiting(gone=100 * MIB, repeat=1, evidence=(exit_status(1),)).measurement(),
            config=COMMAND,
        ),
        (
            "FAIL leak: 100 MiB retained on cpu after 1 failing exit and the workload's exit, "
            "tolerance 64.0 MiB [scenario generate, fault exit]"
        ),
    ),
    "working set lost": (
        gate(Serving(after=0).measurement()),
        (
            "FAIL working-set-lost: -1000 MiB on cpu after 2 out-of-memory errors, tolerance "
            "64.0 MiB [scenario generate, fault oom]"
        ),
    ),
    "survivors": (
        gate(Serving().measurement(survivors=(process(7), process(8, "daemon")))),
        (
            "FAIL survivors: after the workload's exit these were alive: worker (PID 7), "
            "daemon (PID 8) [scenario generate, fault oom]"
        ),
    ),
    "unsettled": (
        gate(
            with_wait(
                Serving().measurement(), Stage.AFTER_ERROR, 1000 * MIB, 1005 * MIB, 1000 * MIB
            )
        ),
        (
            "INCONCLUSIVE unsettled: readings on cpu never held still after 2 out-of-memory errors "
            "[scenario generate, fault oom]"
        ),
    ),
    "nothing at stake": (
        gate(Serving(peak=1001 * MIB).measurement()),
        (
            "INCONCLUSIVE nothing-at-stake: at stake: 1.0 MiB, too little to tell a leak from none "
            "(0 B on cpu after all faults) [scenario generate, fault oom]"
        ),
    ),
    "not fired": (
        gate(Exiting(repeat=1, evidence=(exit_status(2),)).measurement(), config=COMMAND),
        (
            "INCONCLUSIVE fault-not-fired: the fault did not fire: no exit status 1; "
            "seen: exit status 2 [scenario generate, fault exit]"
        ),
    ),
    "never forced": (
        gate(Serving().measurement(faults=())),
        "INCONCLUSIVE fault-not-fired: the fault was never forced [scenario generate, fault oom]",
    ),
    "too few faults": (
        gate(Serving(repeat=1, evidence=OUT_OF_MEMORY[:2]).measurement()),
        (
            "INCONCLUSIVE fault-not-fired: the fault did not fire: not every repeat; seen: "
            "torch.OutOfMemoryError; can't allocate memory [scenario generate, fault oom]"
        ),
    ),
    "workload failed": (
        gate(
            Serving().measurement(
                incidents=(incident(IncidentKind.WORKLOAD_FAILED, "load failed: KeyError: x"),)
            )
        ),
        "INCONCLUSIVE workload-failed: load failed: KeyError: x [scenario generate, fault oom]",
    ),
    "interrupted": (
        gate(incidents=(incident(IncidentKind.INTERRUPTED, "the gate got SIGTERM", 15),)),
        "INCONCLUSIVE interrupted: the gate got SIGTERM",
    ),
    "no trial": (gate(), "INCONCLUSIVE internal-error: no trial was carried out"),
}


@pytest.mark.parametrize("name", HEADLINES)
def test_one_line_says_it_all(name: str) -> None:
    result, line = HEADLINES[name]
    assert headline(result) == line


def test_the_headline_is_about_the_trial_that_decides() -> None:
    two = document(scenario_document(name="good"), scenario_document(name="bad"))
    result = gate(Serving().measurement(), Serving(after=2 * GIB).measurement(), config=two)
    assert headline(result).startswith("FAIL leak: ")
    assert headline(result).endswith("[scenario bad, fault oom]")


def test_a_run_that_lacks_one_trial_does_not_say_that_there_was_none() -> None:
    two = document(scenario_document(), scenario_document(name="other"))
    assert "no trial was carried out" not in headline(gate(Serving().measurement(), config=two))


def test_what_could_not_be_read_is_named() -> None:
    (trial,) = gate(unreadable()).trials
    assert trial.reason is Reason.NO_READING
    assert "PID 7: Permission denied" in trial_line(trial)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_advice(reason: Reason) -> None:
    assert ADVICE[reason].endswith(".") or ADVICE[reason].endswith(".)")


def test_an_error_without_a_message_is_named_alone() -> None:
    (trial,) = gate(Serving().measurement()).trials
    fault = replace(trial.faults[-1], evidence=raised("MemoryError", message=""))

    text = explanation(replace(trial, faults=(fault,)))

    assert "The forced error was MemoryError." in text


def test_every_fault_kind_has_words() -> None:
    kinds: set[Any] = set()
    for fault in get_args(Fault):
        kinds.update(get_args(fault.model_fields["kind"].annotation))
    assert set(_FAULT_WORDS) == kinds


def test_an_explanation_says_what_where_who_and_what_to_do() -> None:
    measurement = Serving(gone=100 * MIB).measurement(survivors=(process(7, "daemon"),))
    (trial,) = gate(measurement).trials
    text = explanation(trial)
    assert text.lower().startswith("after the workload's exit these were alive: daemon (pid 7).")
    assert "The forced error was torch.OutOfMemoryError: can't allocate memory" in text
    assert ", raised at a.py:9 attend." in text
    assert "Held by daemon (PID 7), size unknown: alive after the workload's exit" in text
    assert text.endswith(ADVICE[Reason.SURVIVORS])


def test_who_holds_what_leaked_is_told_with_what_to_do_about_it() -> None:
    held = HeldBlocks(
        kind=HeldBy.OBJECT,
        name="Engine.pending['req-1']",
        chain="Engine.pending['req-1']",
        what="bytes",
        bytes=100 * MIB,
        blocks=2,
        frame=None,
        made_at=(Place(file="/r/engine.py", line=27, function=""),),
    )
    climb = Climb(
        bytes=100 * MIB,
        held=(held,),
        steps=(),
        left_bytes=100 * MIB,
        left=(held,),
        complete=True,
    )
    retention = Retention(root="/r", pid=7, faults=climb, once_more=None)
    measurement = Serving(after=1100 * MIB).measurement(retention=retention)
    (trial,) = gate(measurement).trials
    text = explanation(trial)
    assert (
        " 100 MiB of 100 MiB is kept in Engine.pending['req-1']: 2 blocks such as bytes, allocated "
        "at engine.py:27. Remove it from there"
    ) in text
    assert ADVICE[Reason.LEAK] not in text


def beside(after: int, own: int, *theirs: int) -> TrialResult:
    """A trial on a device with a neighbour, PID 9, in MiB."""
    sizes = [size * MIB for size in theirs]
    told = on_shared_device(
        Serving(baseline=1500 * MIB, peak=2500 * MIB, after=after * MIB).measurement(),
        own=(1000 * MIB, own * MIB),
        others=(sizes[0], sizes[-1]),
        neighbours=({9: sizes[0]}, {9: sizes[-1]}),
    )
    (trial,) = gate(told).trials
    return trial


def test_a_neighbour_that_moved_is_named_once() -> None:
    trial = beside(1800, 1000, 500, 800)
    line = "+300 MiB on cpu after 2 out-of-memory errors, while python (PID 9) took 300 MiB more"
    assert (trial.reason, trial_line(trial)[: len(line)]) == (Reason.FOREIGN_ACTIVITY, line)
    assert explanation(trial).count("PID 9") == 1


def test_a_leak_that_a_neighbour_hides_is_told_with_its_own_size() -> None:
    trial = beside(1500, 1300, 500, 200)
    assert trial_line(trial).startswith(
        "300 MiB retained by the workload's own processes after 2 out-of-memory errors, 0 B on "
        "the whole of cpu, tolerance 64.0 MiB"
    )
    assert "python (PID 9) gave back 300 MiB on cpu." in explanation(trial)


def test_what_the_workload_lost_unseen_is_told_with_its_own_size() -> None:
    lost = on_shared_device(Serving().measurement(), own=(1000 * MIB, 700 * MIB))
    (trial,) = gate(lost).trials
    assert trial_line(trial).startswith(
        "300 MiB lost by the workload's own processes after 2 out-of-memory errors, 0 B on the "
        "whole of cpu, tolerance 64.0 MiB"
    )


@given(measurements)
def test_any_measurement_can_be_put_into_words(measurement: Measurement) -> None:
    result = gate(measurement)
    (trial,) = result.trials
    assert headline(result).startswith(f"{result.outcome.value.upper()} {result.reason.value}: ")
    assert explanation(trial).endswith(ADVICE[trial.reason])


@pytest.mark.parametrize(
    ("healthy", "fault", "words"),
    [
        (0, 3, "+3.0 MiB per fault"),
        (2, 3, "every healthy inference adds 2.0 MiB, a fault +3.0 MiB more"),
        (2, 0, "every healthy inference adds 2.0 MiB, a fault no more than that"),
        (2, -1, "every healthy inference adds 2.0 MiB, a fault no more than that"),
    ],
)
def test_growth_is_told_with_what_healthy_inferences_add(
    healthy: int, fault: int, words: str
) -> None:
    growth = Growth(
        judged=True,
        instrument="pss",
        bytes_per_fault=fault * MIB,
        healthy_bytes=healthy * MIB,
        threshold_bytes=MIB,
    )
    assert growth_words(growth) == f"{words}, too much from 1.0 MiB"
    assert growth_words(NOT_JUDGED) == "growth not judged"
