"""Clean workloads through the real command line, again and again, on a machine that is kept busy.

The gate's own defaults, and no second attempt: every red run counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from bench.error_rates.bound import upper_bound
from bench.error_rates.trace import save, traced
from ops002.measurement import Phase
from ops002.reasons import Outcome
from ops002.report import judge_again
from ops002.result import GateResult
from tests.corpus_case import cases

ROOT = Path(__file__).parent.parent.parent
RUN_SECONDS = 600
# Allocates, fills and frees 200 MiB at a time, and never rests.
LOAD = "while True: sum(bytes(range(256)) * (200 << 12))"

# Clean workloads whose trial doesn't replay, each with why. A red of any other stops the recording.
NOT_RECORDED = {
    "cycle_accepted": "its memory is judged after collecting, which a trace doesn't hold",
    "stake_waived": "nothing is at stake in it, and a replay waives nothing",
    "stirs_within_the_band": "it starts a thread with every error: twenty times over it does grow",
}


def main(runs: int, at_once: int) -> int:
    """Run them all; 1 if any was red."""
    scenarios = list(_scenarios())
    print(
        f"{runs} runs of {len(scenarios)} clean workloads, {at_once} at once, on {os.cpu_count()} "
        "cores with as many processes that compute and allocate",
        flush=True,
    )
    began = time.monotonic()
    outcomes: Counter[str] = Counter()
    with load(), ThreadPoolExecutor(at_once) as pool:
        waiting = [pool.submit(_run, scenario) for scenario in islice(cycle(scenarios), runs)]
        for number, one in enumerate(waiting, start=1):
            name, outcome = one.result()
            outcomes[outcome] += 1
            if outcome != "pass returned-to-baseline":
                print(f"run {number}, {name}: {outcome}", flush=True)
    red = runs - outcomes["pass returned-to-baseline"]
    minutes = (time.monotonic() - began) / 60
    print(*(f"{count:5} {outcome}" for outcome, count in outcomes.most_common()), sep="\n")
    print(
        f"{red} red of {runs} in {minutes:.0f} min; at most {upper_bound(red, runs):.2%} with 95 % "
        "confidence"
    )
    return 1 if red else 0


def _scenarios() -> Iterator[dict[str, Any]]:
    """The clean cases of the corpus, and the quickstart's clean engine."""
    yield {
        "name": "quickstart_clean",
        "workload": {"kind": "python", "file": str(ROOT / "examples/quickstart/clean.py")},
        "faults": ["oom"],
    }
    for case in cases():
        if case.outcome == "pass":
            yield case.scenario


def record(repeat: int) -> int:
    """Keep a trace of every clean workload that lives on after its errors; 1 if one was red."""
    with load():
        for scenario in _scenarios():
            name = str(scenario["name"])
            if scenario["workload"]["kind"] != "python" or name in NOT_RECORDED:
                print(f"{name}: not recorded, {NOT_RECORDED.get(name, 'ends with its error')}")
                continue
            one_fault = {**scenario, "repeat": repeat, "faults": scenario["faults"][:1]}
            trial = _result(one_fault).trials[0]
            if trial.outcome is not Outcome.PASS:
                print(f"{name}: {trial.reason.value}. It is clean, so that this is a false alarm")
                return 1
            check = trial.checks[0]
            if check.phase is Phase.AFTER_ERROR and check.at_stake_bytes is not None:
                save(traced(name, trial.measurement, check.at_stake_bytes))
                print(f"{name}: recorded", flush=True)
    return 0


def _run(scenario: dict[str, Any]) -> tuple[str, str]:
    try:
        result = _result(scenario)
    except OSError as error:
        return str(scenario["name"]), f"no report: {error}"
    return str(scenario["name"]), f"{result.outcome.value} {result.reason.value}"


def _result(scenario: dict[str, Any]) -> GateResult:
    with tempfile.TemporaryDirectory() as folder:
        config, reports = Path(folder) / "ops002.yml", Path(folder) / "report"
        document = {
            "version": 1,
            "device": "cpu",
            "retry_inconclusive": 0,
            "scenarios": [scenario],
        }
        config.write_text(json.dumps(document))
        command = [sys.executable, "-m", "ops002", "run", "--config", str(config)]
        subprocess.run(
            [*command, "--report-dir", str(reports)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=RUN_SECONDS,
            check=False,
        )
        return judge_again((reports / "ops002-report.json").read_text())


@contextmanager
def load() -> Iterator[None]:
    burning = [subprocess.Popen([sys.executable, "-c", LOAD]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()
