"""The gate as a GitHub Action: inputs in; exit code, annotation and outputs out.

The measuring is done by `ops002 run`, in a sibling container that can see the GPU and the host's
processes, and that has nothing of what the runner gave this one.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGTERM
from typing import IO, TYPE_CHECKING, Final, TextIO

from ops002.clock import Clock, Interrupted
from ops002.commands.config_loading import (
    BadConfig,
    find_config,
    in_working_directory,
    load_config,
)
from ops002.commands.containers import RUN_VARIABLE
from ops002.commands.report_folder import prepared, report_folder
from ops002.commands.run import REPORT_NAME
from ops002.config import Config
from ops002.config_overrides import Instead
from ops002.executors import StartFailed
from ops002.executors.docker.sibling import SOCKET, Gate, Own, find_own, remove_run, sibling
from ops002.executors.docker.streams import Streams
from ops002.github.event import Fork, refuse_fork
from ops002.github.inputs import BadInputs, Inputs, Mode, read_inputs
from ops002.github.workflow import annotation, save_state, write_outputs
from ops002.reasons import Outcome, Reason
from ops002.report import ReportRefused, judge_again
from ops002.result import EXIT_FAIL, EXIT_INCONCLUSIVE, EXIT_USAGE
from ops002.text import inert
from ops002.wording import headline

if TYPE_CHECKING:
    from ops002.executors.docker.engine import Engine

_CONFIG_ERROR: Final = "config-error"
_MOST_ANNOTATIONS: Final = 9
"""The runner shows ten of a step; the last one says how many were left out."""
_TITLE: Final = "OPS-002"
_POLL_SECONDS: Final = 0.05
_LAST_OUTPUT_SECONDS: Final = 2.0
_BEYOND_SECONDS: Final = 60.0
"""The sibling keeps ``max_duration`` itself, and ends with a report of that."""
_END_SECONDS: Final = 6.0
"""The runner gives 7.5 s from its first signal to its next."""

# What the report says of the commit. No token, no file that takes commands.
_TOLD: Final = (
    "GITHUB_ACTIONS",
    "GITHUB_REF",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ID",
    "GITHUB_SERVER_URL",
    "GITHUB_SHA",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the step ends, and what its outputs are."""

    code: int
    verdict: str
    reason: str
    worst_delta_bytes: str = ""
    report_path: str = ""

    def outputs(self) -> dict[str, str]:
        """The step's outputs, by name."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "worst_delta_bytes": self.worst_delta_bytes,
            "report_path": self.report_path,
        }


def action(environ: Mapping[str, str], out: TextIO, err: TextIO) -> int:
    """Carry out the action; the exit code."""
    mode = Mode.GATE
    try:
        inputs = read_inputs(environ)
        refuse_fork(environ, allowed=inputs.allow_fork)
        inputs = replace(inputs, config=in_working_directory(find_config(inputs.config)))
        instead = Instead(
            device=inputs.device, tolerance=inputs.tolerance, scenarios=inputs.scenarios
        )
        _, config = load_config(inputs.config, instead)
    except (BadInputs, BadConfig, Fork) as bad:
        ended = _refused(bad.lines, out)
    else:
        mode = inputs.mode
        ended = _carried_out(inputs, config, environ, out)
    told = environ.get("GITHUB_OUTPUT")
    if told:
        try:
            write_outputs(Path(told), ended.outputs())
        except OSError as error:
            err.write(f"{told}: the outputs can't be set: {error.strerror}\n")
    reports_only = mode is Mode.REPORT and ended.code in {EXIT_FAIL, EXIT_INCONCLUSIVE}
    return 0 if reports_only else ended.code


def sweep_action(environ: Mapping[str, str]) -> int:
    """The step after the job: remove what a cancelled run could not; the exit code."""
    run = environ.get("STATE_run")
    if run:
        with suppress(StartFailed):
            remove_run(_engine(), run)
    return 0


def _refused(lines: Sequence[str], out: TextIO) -> Ended:
    shown = lines if len(lines) <= _MOST_ANNOTATIONS + 1 else lines[:_MOST_ANNOTATIONS]
    out.writelines(annotation(f"{_TITLE}: {_CONFIG_ERROR}", line) for line in shown)
    if len(shown) < len(lines):
        more = f"and {len(lines) - len(shown)} more problems"
        out.write(annotation(f"{_TITLE}: {_CONFIG_ERROR}", more))
    return Ended(code=EXIT_USAGE, verdict=Outcome.INCONCLUSIVE.value, reason=_CONFIG_ERROR)


def _carried_out(inputs: Inputs, config: Config, environ: Mapping[str, str], out: TextIO) -> Ended:
    clock = Clock(config.max_duration + _BEYOND_SECONDS)
    with clock.listening():
        try:
            engine = _engine()
            own = find_own(engine)
            _on_host(own, Path.cwd())  # else nothing below it is
            folder = report_folder(inputs.report_dir, environ, own)
            gate = _gate(inputs, config, own, folder, environ)
            with prepared(folder) as report:
                save_state(environ, "run", gate.run)
                code = _run_beside(engine, own.image, gate, clock, out)
        except Interrupted as error:
            return Ended(
                code=128 + error.signal if error.signal else EXIT_INCONCLUSIVE,
                verdict=Outcome.INCONCLUSIVE.value,
                reason=Reason.INTERRUPTED.value,
            )
        except StartFailed as error:
            return _not_started(str(error), out)
    return judged(code, report, gate.report, out)


def _not_started(why: str, out: TextIO) -> Ended:
    reason = Reason.WORKLOAD_FAILED.value
    out.write(annotation(f"{_TITLE}: inconclusive {reason}", why))
    return Ended(code=EXIT_INCONCLUSIVE, verdict=Outcome.INCONCLUSIVE.value, reason=reason)


def judged(code: int, report: Path, on_host: str, out: TextIO) -> Ended:
    """What the report comes to: recomputed here, whatever the sibling said of it."""
    try:
        result = judge_again(report.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ReportRefused) as error:
        return _not_started(
            f"the gate ended with exit code {code} and left no report that can be used: {error}",
            out,
        )
    if code != result.exit_code:
        return _not_started(
            f"the gate ended with exit code {code}, and its report says {result.exit_code}: it was "
            "killed on its way out (by the kernel, if memory ran out); run it again",
            out,
        )
    title = f"{_TITLE}: {result.outcome.value} {result.reason.value}"
    if result.outcome is not Outcome.PASS:
        out.write(annotation(title, headline(result)))
    deltas = [
        check.delta_bytes
        for trial in result.trials
        for check in trial.checks
        if check.delta_bytes is not None
    ]
    return Ended(
        code=code,
        verdict=result.outcome.value,
        reason=result.reason.value,
        worst_delta_bytes=str(max(deltas, key=abs)) if deltas else "",
        report_path=f"{on_host}/{REPORT_NAME}",
    )


def _gate(
    inputs: Inputs, config: Config, own: Own, folder: Path, environ: Mapping[str, str]
) -> Gate:
    """The sibling that measures, with its report in a folder of this container.

    Raises:
        StartFailed: a folder that it needs isn't the host's, or one to be read is the runner's.
    """
    for path in inputs.mounts:
        if own.is_held_by(path):
            raise StartFailed(
                f"mounts: {path} holds folders of the runner or the engine's socket, which code "
                "under test never sees; name the folder with the files themselves"
            )
    run = secrets.token_hex(8)
    argv = ["run", f"--report-dir={_on_host(own, folder)}", f"--image={own.image}"]
    argv += [f"--scenario={name}" for name in inputs.scenarios]
    argv += [f"--mount={path}" for path in inputs.mounts]
    argv += [
        f"--{option}={value}"
        for option in ("config", "device", "tolerance")
        if (value := getattr(inputs, option)) is not None
    ]
    return Gate(
        run=run,
        action=own.id,
        argv=argv,
        environ={RUN_VARIABLE: run, **{name: environ[name] for name in _TOLD if name in environ}},
        workspace=_on_host(own, Path.cwd()),
        report=_on_host(own, folder),
        socket=own.on_host(SOCKET) or SOCKET,
        gpus=any(scenario.kind_of_device == "cuda" for scenario in config.scenarios),
    )


def _on_host(own: Own, folder: Path) -> str:
    found = own.on_host(str(folder))
    if found is None:
        raise StartFailed(
            f"the workspace isn't a folder of the host ({folder}), so the gate's sibling can't "
            "have it; act mounts it with --bind"
        )
    return found


def _run_beside(engine: Engine, image: str, gate: Gate, clock: Clock, out: TextIO) -> int:
    """Run the sibling to its end, its output on ``out``; its exit code.

    Raises:
        Interrupted: the run must end; by then the sibling has ended.
    """
    with sibling(engine, image, gate) as container:
        streams = Streams(engine.attach(container), apart=False)
        shower = threading.Thread(target=_show, args=(streams.stdout, out), daemon=True)
        shower.start()
        engine.start(container)
        try:
            while (code := _exit_code(engine, container)) is None:
                clock.sleep(_POLL_SECONDS)
        except Interrupted as error:
            engine.signal(container, error.signal or SIGTERM)
            until = time.monotonic() + _END_SECONDS
            while _exit_code(engine, container) is None and time.monotonic() < until:
                time.sleep(_POLL_SECONDS)
            raise
        shower.join(_LAST_OUTPUT_SECONDS)
        return code


def _exit_code(engine: Engine, container: str) -> int | None:
    state = engine.inspect(container)["State"]
    return None if state["Running"] or state["Status"] == "created" else int(state["ExitCode"])


def _show(lines: IO[bytes], out: TextIO) -> None:
    with lines:
        for line in lines:
            out.write(inert(line.decode("utf-8", "backslashreplace")))
            out.flush()


def _engine() -> Engine:
    from ops002.executors.docker.engine import Engine  # noqa: PLC0415 (slow, and for few)

    return Engine()
