"""A defect of the gate itself ends red, and is told where it can be read."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from ops002.clock import Clock
from ops002.commands.live import looking_on
from ops002.commands.run import measure
from ops002.config.resolved import parse
from ops002.executors.local import LocalExecutor
from ops002.measurement import Process
from ops002.probes import Look
from ops002.trials.lab import Lab
from tests.fakes import ScriptedInstruments, ScriptedProbe, no_containers

DOCUMENT = {
    "version": 1,
    "device": "cpu",
    "scenarios": [
        {
            "name": "one",
            "workload": {"kind": "command", "run": ["true"]},
            "faults": [{"kind": "exit", "expect": {"exit_code": [1]}}],
        }
    ],
}


class BrokenProbe(ScriptedProbe):
    def read(self, processes: Sequence[Process]) -> Look:
        raise ZeroDivisionError(len(processes))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("err", "before"),
    [(Terminal(), "\r\x1b[K"), (io.StringIO(), "trying one: exit\n")],
    ids=["terminal", "log"],
)
def test_it_is_told_on_a_line_of_its_own(tmp_path: Path, err: io.StringIO, before: str) -> None:
    with looking_on(err) as onlooker:
        lab = Lab(
            executor=LocalExecutor(os.environ),
            containers=no_containers,
            clock=Clock(60),
            instruments=ScriptedInstruments(BrokenProbe([0])),
            environ=os.environ,
            output_dir=tmp_path,
            onlooker=onlooker,
        )
        result = measure(parse(DOCUMENT, {}), lab, err)

    assert (result.reason.value, result.exit_code) == ("internal-error", 70)
    shown, told, trace = err.getvalue().partition("ops002 has a defect; please report this:\n")
    assert told
    assert "one: exit" in shown
    assert shown.endswith(before)
    assert "ZeroDivisionError" in trace
