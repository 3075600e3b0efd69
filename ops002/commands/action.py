"""The gate as a GitHub Action: inputs in; exit code, annotation and outputs out.

The measuring is done by `ops002 run`, in a sibling container that can see the GPU and the host's
processes, and that has nothing of what the runner gave this one.
"""

from __future__ import annotations

import secrets
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGTERM
from typing import IO, TYPE_CHECKING, Final, TextIO

from ops002.clock import Clock, Interrupted
from ops002.commands.action_log import Log
from ops002.commands.action_report import (
    could_not_start,
    defect,
    interrupted,
    judged,
    refused,
    tell,
)
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
from ops002.github.workflow import save_state
from ops002.reporters.places import Place, Places
from ops002.reporters.step import Ending

if TYPE_CHECKING:
    from ops002.executors.docker.engine import Engine

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
class _Step:
    """What the workflow asks for, once it is known that it can be carried out."""

    inputs: Inputs
    config: Config
    places: Places
    environ: Mapping[str, str]

    @property
    def gates(self) -> bool:
        """Whether a red outcome fails the step."""
        return self.inputs.mode is Mode.GATE


def action(environ: Mapping[str, str], out: TextIO) -> int:
    """Carry out the action, and tell what it came to; the exit code."""
    log = Log(out)
    try:
        ending = _ending(environ, log)
    except Exception as error:  # noqa: BLE001 (a defect of ours ends red, and says so)
        with log.fenced() as show:
            for line in traceback.format_exc().splitlines():
                show(line)
        ending = defect(error)
    tell(ending, environ, log)
    return ending.code


def _ending(environ: Mapping[str, str], log: Log) -> Ending:
    try:
        step = _asked_for(environ)
    except BadConfig as bad:
        return refused(bad.lines, bad.file, bad.problems)
    except (BadInputs, Fork) as bad:
        return refused(bad.lines)
    return _carried_out(step, log)


def _asked_for(environ: Mapping[str, str]) -> _Step:
    """Raises `BadInputs`, `BadConfig` or `Fork`."""
    inputs = read_inputs(environ)
    refuse_fork(environ, allowed=inputs.allow_fork)
    inputs = replace(inputs, config=in_working_directory(find_config(inputs.config)))
    instead = Instead(device=inputs.device, tolerance=inputs.tolerance, scenarios=inputs.scenarios)
    loaded = load_config(inputs.config, instead)
    places = Places(
        config=loaded.file,
        scenarios={name: Place(loaded.file, line) for name, line in loaded.lines.items()},
        options=tuple(_instead(inputs)),
    )
    return _Step(inputs=inputs, config=loaded.config, places=places, environ=environ)


def sweep_action(environ: Mapping[str, str]) -> int:
    """The step after the job: remove what a cancelled run could not; the exit code."""
    run = environ.get("STATE_run")
    if run:
        with suppress(StartFailed):
            remove_run(_engine(), run)
    return 0


def _carried_out(step: _Step, log: Log) -> Ending:
    clock = Clock(step.config.max_duration + _BEYOND_SECONDS)
    with clock.listening():
        try:
            engine = _engine()
            own = find_own(engine)
            _on_host(own, Path.cwd())  # else nothing below it is
            folder = report_folder(step.inputs.report_dir, step.environ, own)
            gate = _gate(step, own, folder)
            with prepared(folder) as report:
                save_state(step.environ, "run", gate.run)
                code = _run_beside(engine, own.image, gate, clock, log)
                on_host = f"{gate.report}/{REPORT_NAME}"
                return judged(code, report, on_host, step.places, gates=step.gates)
        except Interrupted as error:
            return interrupted(error, step.places, gates=step.gates)
        except StartFailed as error:
            return could_not_start(str(error), step.places, gates=step.gates)


def _instead(inputs: Inputs) -> Iterator[str]:
    """What is said instead of the config's keys, as options of `ops002 run`."""
    for option in ("device", "tolerance"):
        value = getattr(inputs, option)
        if value is not None:
            yield f"--{option}={value}"


def _gate(step: _Step, own: Own, folder: Path) -> Gate:
    """The sibling that measures, with its report in a folder of this container.

    Raises:
        StartFailed: a folder that it needs isn't the host's, or one to be read is the runner's.
    """
    inputs, environ = step.inputs, step.environ
    for path in inputs.mounts:
        if own.is_held_by(path):
            raise StartFailed(
                f"mounts: {path} holds folders of the runner or the engine's socket, which code "
                "under test never sees; name the folder with the files themselves"
            )
    run = secrets.token_hex(8)
    argv = ["run", f"--report-dir={_on_host(own, folder)}", f"--image={own.image}"]
    argv += [f"--config={inputs.config}", *_instead(inputs)]
    argv += [f"--scenario={name}" for name in inputs.scenarios]
    argv += [f"--mount={path}" for path in inputs.mounts]
    return Gate(
        run=run,
        action=own.id,
        argv=argv,
        environ={RUN_VARIABLE: run, **{name: environ[name] for name in _TOLD if name in environ}},
        workspace=_on_host(own, Path.cwd()),
        report=_on_host(own, folder),
        socket=own.on_host(SOCKET) or SOCKET,
        gpus=any(scenario.kind_of_device == "cuda" for scenario in step.config.scenarios),
    )


def _on_host(own: Own, folder: Path) -> str:
    found = own.on_host(str(folder))
    if found is None:
        raise StartFailed(
            f"the workspace isn't a folder of the host ({folder}), so the gate's sibling can't "
            "have it; act mounts it with --bind"
        )
    return found


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
