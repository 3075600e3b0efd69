"""``ops002 run``: wires the real parts together, measures, judges, reports."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from ops002 import __version__
from ops002.clock import Clock, Interrupted
from ops002.commands.config_loading import BadConfig, load_config
from ops002.commands.containers import Containers
from ops002.commands.instruments import Instruments
from ops002.commands.live import looking_on
from ops002.commands.printing import show
from ops002.config.overrides import Instead
from ops002.config.parameters import resolved
from ops002.config.resolved import Config
from ops002.executors.local import LocalExecutor
from ops002.github.facts import git_facts
from ops002.measurement import Incident, IncidentKind, MeasuredTrial, Stage
from ops002.process_table import NotShown, this_process
from ops002.processes import take_charge_of_children
from ops002.report import to_json
from ops002.reporters import console, junit
from ops002.result import (
    EXIT_INCONCLUSIVE,
    EXIT_USAGE,
    GateResult,
    Made,
    Tool,
    gate_result,
)
from ops002.surroundings import git_of_checkout, look_around, utc_now
from ops002.sweep import sweep
from ops002.text import clean
from ops002.trials.lab import Lab, old_output
from ops002.trials.runner import run as run_scenarios

REPORT_NAME: Final = "ops002-report.json"
OUTPUT_NAME: Final = "output"
"""The folder beside the report, with what workloads printed."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of ``ops002 run``."""

    config: str | None
    instead: Instead
    mounts: tuple[str, ...]
    report_dir: str | None
    json: bool


def run(options: RunOptions, environ: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Carry out the gate; the exit code."""
    try:
        config = load_config(options.config, options.instead).config
        folder = _prepare(_report_dir(options.report_dir, environ))
    except BadConfig as bad:
        err.writelines(f"{line}\n" for line in bad.lines)
        return EXIT_USAGE
    clock = Clock(config.max_duration)
    # Until the report is in its place: an interruption must not leave a run without one.
    with clock.listening():
        gpus = any(scenario.kind_of_device == "cuda" for scenario in config.scenarios)
        with (
            looking_on(err) as onlooker,
            closing(Instruments(environ, clock, err, gpus=gpus)) as instruments,
            closing(Containers(clock, err, environ, options.mounts)) as containers,
        ):
            lab = Lab(
                executor=LocalExecutor(environ, lambda: instruments.helpers),
                containers=containers,
                clock=clock,
                instruments=instruments,
                environ=environ,
                output_dir=folder / OUTPUT_NAME,
                onlooker=onlooker,
            )
            result = measure(config, lab, err)
        text = to_json(result)
        written = _write(text, folder / REPORT_NAME, err)
        _write(junit.render(result), folder / junit.NAME, err)
    if not written and result.exit_code == 0:
        err.write("without the report nothing was proved\n")
        return EXIT_INCONCLUSIVE
    if options.json:
        show(text, out)
    else:
        shown = console.render(result, colour=out.isatty())
        show(f"{shown}report: {folder / REPORT_NAME}\n", out)
    return result.exit_code


def _report_dir(given: str | None, environ: Mapping[str, str]) -> Path:
    if given is not None:
        return Path(given)
    under_actions = environ.get("GITHUB_ACTIONS") == "true" and environ.get("RUNNER_TEMP")
    return Path(environ["RUNNER_TEMP"]) / "ops002" if under_actions else Path("ops002-report")


def _prepare(folder: Path) -> Path:
    """Have the report's folder ready before anything is measured, and nothing older in it."""
    report, output = folder / REPORT_NAME, folder / OUTPUT_NAME
    if output.is_symlink():
        why = (
            f"{output}: a symbolic link, and what workloads print would be written wherever it "
            "leads; remove it, or name another folder with --report-dir"
        )
        raise BadConfig((why,))
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        written = (report, folder / junit.NAME)
        for old in (*written, *map(_unfinished, written), *old_output(output)):
            old.unlink(missing_ok=True)
    except OSError as error:
        why = (
            f"{folder}: the report can't be written there ({error.strerror}), and a run without a "
            "report proves nothing; name another folder with --report-dir"
        )
        raise BadConfig((why,)) from None
    return folder


def measure(config: Config, lab: Lab, err: TextIO) -> GateResult:
    """Carry out a config, and judge it; a defect of the gate is told on ``err``."""
    started_at = utc_now()
    measured: list[MeasuredTrial] = []
    incidents = _carry_out(config, lab, measured, err)
    git = git_facts(lab.environ) or git_of_checkout()
    surroundings = look_around(git, lab.instruments.driver, lab.instruments.gpus)
    made = Made(
        tool=Tool(name="ops002", version=__version__),
        started_at=started_at,
        finished_at=utc_now(),
        environment=surroundings,
    )
    return gate_result(config, resolved(config), measured, incidents, made)


def _carry_out(
    config: Config, lab: Lab, measured: list[MeasuredTrial], err: TextIO
) -> Sequence[Incident]:
    """Measure every trial into ``measured``; what happened to the gate itself meanwhile."""
    try:
        this_process()  # where it isn't shown, nobody is: not even what a killed gate has left
        take_charge_of_children()
        for line in sweep(lab.clock).lines():
            show(f"{line}\n", err)
        measured.extend(run_scenarios(config, lab))
        lab.clock.check()
    except Interrupted as error:
        return [_outside_of_trials(IncidentKind.INTERRUPTED, error.detail, error.signal)]
    except NotShown as error:
        return [_outside_of_trials(IncidentKind.NO_READING, str(error))]
    except Exception as error:  # noqa: BLE001 (a defect of ours must end red, with a report)
        lab.onlooker.wipe()
        err.write("ops002 has a defect; please report this:\n")
        err.write(f"ops002 {__version__}\n{traceback.format_exc()}")
        detail = clean(f"{type(error).__name__}: {error}")
        return [_outside_of_trials(IncidentKind.INTERNAL_ERROR, detail)]
    return []


def _outside_of_trials(kind: IncidentKind, detail: str, signal: int | None = None) -> Incident:
    return Incident(kind=kind, stage=Stage.BEFORE_START, detail=detail, signal=signal)


def _unfinished(report: Path) -> Path:
    """Where a report is until it is whole."""
    return report.with_suffix(".part")


def _write(text: str, file: Path, err: TextIO) -> bool:
    """Put the report in place, whole or not at all; whether it is there."""
    unfinished = _unfinished(file)
    try:
        unfinished.write_text(text, "utf-8", errors="backslashreplace")
        unfinished.replace(file)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        err.write(f"{file}: could not be written ({error.strerror})\n")
        return False
    return True
