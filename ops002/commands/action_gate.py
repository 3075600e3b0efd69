"""What a workflow asks an action for, and the gate beside it that does it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ops002.commands import gate_files
from ops002.commands.config_loading import find_config, in_working_directory, load_config
from ops002.commands.containers import INSTEAD_VARIABLE, RUN_VARIABLE
from ops002.commands.report_folder import report_folder
from ops002.config.overrides import Instead
from ops002.config.resolved import Config
from ops002.executors import StartFailed
from ops002.executors.docker.sibling import SOCKET, Gate, Own
from ops002.github.api import Api
from ops002.github.checkout import refuse_other_commit
from ops002.github.event import commits, refuse_fork
from ops002.github.exchange import GitHubFailed
from ops002.github.facts import git_facts, handed_over
from ops002.github.inputs import Inputs, Mode, read_inputs
from ops002.reporters.places import Place, Places
from ops002.result import GitFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the workflow asks for, once it is known that it can be carried out.

    ``taken`` are the gate's files if they aren't the checkout's own.
    """

    inputs: Inputs
    config: Config
    places: Places
    environ: Mapping[str, str]
    facts: GitFacts | None
    taken: gate_files.Taken | None

    @property
    def gates(self) -> bool:
        """Whether a red outcome fails the step."""
        return self.inputs.mode is Mode.GATE


def asked_for(environ: Mapping[str, str], api: Api | GitHubFailed) -> Step:
    """What the workflow asks for.

    Raises:
        BadInputs, BadConfig, Fork, WrongCheckout: that can't be carried out, or isn't allowed.
    """
    inputs = read_inputs(environ)
    refuse_fork(environ, allowed=inputs.allow_fork)
    refuse_other_commit(environ, Path.cwd())
    instead = Instead(device=inputs.device, tolerance=inputs.tolerance, scenarios=inputs.scenarios)
    facts, taken = git_facts(environ), None
    if inputs.config_ref is None:
        loaded = load_config(in_working_directory(find_config(inputs.config)), instead)
        changes = _changes(environ, api, gate_files.checked_out(loaded, inputs.config))
    else:
        repository = environ.get("GITHUB_REPOSITORY", "")
        taken = gate_files.take(api, repository, inputs.config_ref, inputs.config, instead)
        loaded, changes = taken.loaded, ()
    if facts is not None:
        ref = None if taken is None else taken.ref
        facts = replace(facts, config_ref=ref, gate_changes=changes)
    return Step(
        inputs=replace(inputs, config=loaded.file),
        config=loaded.config,
        places=Places(
            config=loaded.file,
            scenarios={name: Place(loaded.file, line) for name, line in loaded.lines.items()},
            options=tuple(_options(inputs)),
        ),
        environ=environ,
        facts=facts,
        taken=taken,
    )


def _changes(
    environ: Mapping[str, str], api: Api | GitHubFailed, files: tuple[str, ...]
) -> tuple[str, ...] | None:
    """What of its own gate a pull request changes; None where that isn't known, or isn't one."""
    if not environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
        return None
    workflow = gate_files.workflow_file(environ)
    repository = environ.get("GITHUB_REPOSITORY", "")
    return gate_files.changed(
        api, repository, commits(environ), (*files, *filter(None, [workflow]))
    )


def _options(inputs: Inputs) -> Iterator[str]:
    """What is said instead of the config's keys, as options of `ops002 run`."""
    for option in ("device", "tolerance"):
        value = getattr(inputs, option)
        if value is not None:
            yield f"--{option}={value}"


@contextmanager
def placed(step: Step, own: Own) -> Iterator[Mapping[str, Path]]:
    """Have the gate's files from another ref on the host, while inside; each by its path.

    Raises:
        StartFailed: they can't be.
    """
    if step.taken is None:
        yield {}
        return
    with gate_files.placed(step.taken, report_folder(None, step.environ, own)) as found:
        yield found


def gate_beside(step: Step, own: Own, folder: Path, files: Mapping[str, Path]) -> Gate:
    """The sibling that measures, with its report in a folder of this container.

    ``files`` stand in the place of the checkout's.

    Raises:
        StartFailed: a folder that it needs isn't the host's, or one to be read is the runner's.
    """
    inputs, workspace = step.inputs, on_host(own, Path.cwd())
    for path in inputs.mounts:
        if own.is_held_by(path):
            raise StartFailed(
                f"mounts: {path} holds folders of the runner or the engine's socket, which code "
                "under test never sees; name the folder with the files themselves"
            )
    if step.taken is not None:
        gate_files.must_be_taken(step.config, workspace)
    run, report = secrets.token_hex(8), on_host(own, folder)
    argv = ["run", f"--report-dir={report}", f"--image={own.image}"]
    argv += [f"--config={inputs.config}", *_options(inputs)]
    argv += [f"--scenario={name}" for name in inputs.scenarios]
    argv += [f"--mount={path}" for path in inputs.mounts]
    instead = {f"{workspace}/{path}": on_host(own, file) for path, file in files.items()}
    return Gate(
        run=run,
        action=own.id,
        argv=argv,
        # No token, no file that takes commands: what the report says of the commit.
        environ={
            "GITHUB_ACTIONS": "true",
            RUN_VARIABLE: run,
            INSTEAD_VARIABLE: json.dumps(instead),
            **({} if step.facts is None else handed_over(step.facts)),
        },
        workspace=workspace,
        instead=instead,
        report=report,
        socket=own.on_host(SOCKET) or SOCKET,
        gpus=any(scenario.kind_of_device == "cuda" for scenario in step.config.scenarios),
    )


def on_host(own: Own, folder: Path) -> str:
    """A path of this container as the host has it.

    Raises:
        StartFailed: it isn't the host's.
    """
    found = own.on_host(str(folder))
    if found is None:
        raise StartFailed(
            f"the workspace isn't a folder of the host ({folder}), so the gate's sibling can't "
            "have it; act mounts it with --bind"
        )
    return found
