"""The gate as a GitHub Action: inputs in; exit code, annotation and outputs out.

The measuring is done by `ops002 run`, in a sibling container that can see the GPU and the host's
processes, and that has nothing of what the runner gave this one.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM
from typing import IO, TYPE_CHECKING, Final, TextIO

from ops002.clock import Clock, Interrupted
from ops002.commands.action_check import connect, fail_unfinished, reported
from ops002.commands.action_gate import Step, asked_for, gate_beside, on_host, placed
from ops002.commands.action_log import Log
from ops002.commands.action_report import (
    could_not_start,
    defect,
    interrupted,
    judged,
    refused,
    tell,
    without_check,
)
from ops002.commands.config_loading import BadConfig
from ops002.commands.report_folder import prepared, report_folder
from ops002.commands.run import REPORT_NAME
from ops002.executors import StartFailed
from ops002.executors.docker.sibling import Gate, find_own, remove_run, sibling
from ops002.executors.docker.streams import Streams
from ops002.github.api import Api
from ops002.github.checkout import WrongCheckout
from ops002.github.event import Fork
from ops002.github.exchange import GitHubFailed
from ops002.github.inputs import BadInputs
from ops002.github.workflow import save_state
from ops002.reporters.step import Ending

if TYPE_CHECKING:
    from ops002.executors.docker.engine import Engine

_POLL_SECONDS: Final = 0.05
_LAST_OUTPUT_SECONDS: Final = 2.0
_BEYOND_SECONDS: Final = 60.0
"""The sibling keeps ``max_duration`` itself, and ends with a report of that."""
_END_SECONDS: Final = 6.0
"""The runner gives 7.5 s from its first signal to its next."""
_SIGNALLED: Final = 128


def action(environ: Mapping[str, str], out: TextIO) -> int:
    """Carry out the action, and tell what it came to; the exit code."""
    log, api = Log(out), connect(environ)
    with reported(environ, api, log) as check:
        try:
            ending = _ending(environ, api, log)
        except Exception as error:  # noqa: BLE001 (a defect of ours ends red, and says so)
            with log.fenced() as show:
                for line in traceback.format_exc().splitlines():
                    show(line)
            ending = defect(error)
        tell(ending, environ, log)
        why = check.complete(ending.check, hurried=ending.code > _SIGNALLED)
    if why is not None and ending.code == 0:
        ending = without_check(why)
        tell(ending, environ, log)
    return ending.code


def _ending(environ: Mapping[str, str], api: Api | GitHubFailed, log: Log) -> Ending:
    try:
        step = asked_for(environ, api)
    except BadConfig as bad:
        return refused(bad.lines, bad.file, bad.problems)
    except (BadInputs, Fork, WrongCheckout) as bad:
        return refused(bad.lines)
    return _carried_out(step, log)


def sweep_action(environ: Mapping[str, str], out: TextIO) -> int:
    """The step after the job: finish what a cancelled run could not; the exit code."""
    run = environ.get("STATE_run")
    try:
        # First: an engine that hangs takes longer than GitHub may.
        fail_unfinished(environ, Log(out))
    finally:
        if run:
            with suppress(StartFailed):
                remove_run(_engine(), run)
    return 0


def _carried_out(step: Step, log: Log) -> Ending:
    clock = Clock(step.config.max_duration + _BEYOND_SECONDS)
    with clock.listening():
        try:
            engine = _engine()
            own = find_own(engine)
            on_host(own, Path.cwd())  # else nothing below it is
            folder = report_folder(step.inputs.report_dir, step.environ, own)
            with placed(step, own) as files, prepared(folder) as report:
                gate = gate_beside(step, own, folder, files)
                save_state(step.environ, "run", gate.run)
                code = _run_beside(engine, own.image, gate, clock, log)
                there = f"{gate.report}/{REPORT_NAME}"
                return judged(code, report, there, step.places, gates=step.gates)
        except Interrupted as error:
            return interrupted(error, step.places, gates=step.gates)
        except StartFailed as error:
            return could_not_start(str(error), step.places, gates=step.gates)


def _run_beside(engine: Engine, image: str, gate: Gate, clock: Clock, log: Log) -> int:
    """Run the sibling to its end; its exit code. Its progress is shown; its verdict is not.

    Raises:
        Interrupted: the run must end; by then the sibling has ended.
    """
    with sibling(engine, image, gate) as container, log.fenced() as show:
        streams = Streams(engine.attach(container), apart=True)
        readers = [
            threading.Thread(target=_pass_on, args=passed, daemon=True)
            for passed in ((streams.stderr, show), (streams.stdout, _not_shown))
        ]
        for reader in readers:
            reader.start()
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
        for reader in readers:
            reader.join(_LAST_OUTPUT_SECONDS)
        return code


def _exit_code(engine: Engine, container: str) -> int | None:
    state = engine.inspect(container)["State"]
    return None if state["Running"] or state["Status"] == "created" else int(state["ExitCode"])


def _pass_on(lines: IO[bytes], show: Callable[[str], None]) -> None:
    with lines:
        for line in lines:
            show(line.decode("utf-8", "backslashreplace").rstrip("\r\n"))


def _not_shown(_line: str) -> None:
    """The verdict is told from the report, once it was judged again."""


def _engine() -> Engine:
    from ops002.executors.docker.engine import Engine  # noqa: PLC0415 (slow, and for few)

    return Engine()
