"""The command lines that show a result again; pure."""

from __future__ import annotations

import shlex
from typing import Final

from ops002.reporters.places import Places
from ops002.text import clean

REPORT: Final = "ops002-report.json"


def run_again(places: Places, scenario: str) -> str:
    """The run of one scenario, as the gate's was told to do it."""
    config = [] if places.config is None else ["--config", places.config]
    words = ["ops002", "run", *config, "--scenario", scenario, *places.options]
    return shlex.join(map(clean, words))


def judge_again() -> str:
    """The judgement of the report that a run has left."""
    return shlex.join(["ops002", "judge", REPORT])
