"""The command line with which GitHub's runner starts a docker action, built as the runner does.

actions/runner, ``DockerCommandManager.DockerRun`` and ``ContainerActionHandler``: these mounts and
this environment, values through the client's environment, no GPU, no capability, no PID namespace.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.docker.engine import left_on_engine

FOLDERS = {
    "_temp": "/github/runner_temp",
    "_temp/_github_home": "/github/home",
    "_temp/_github_workflow": "/github/workflow",
    "_temp/_runner_file_commands": "/github/file_commands",
    "repo/repo": "/github/workspace",
}
SOCKET = "/var/run/docker.sock"
TOKEN = "ghs_aTokenThatNobodyMayRead"


def engines_socket() -> str:
    """Where the engine of these tests listens: a runner's is always at the usual place."""
    return os.environ.get("DOCKER_HOST", f"unix://{SOCKET}").removeprefix("unix://")


@dataclass
class Step:
    """One step of a job that runs the action, on a runner whose work folder is ``work``."""

    work: Path
    image: str
    inputs: dict[str, str] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    with_socket: bool = True
    label: str = field(default_factory=lambda: os.urandom(3).hex())
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for folder in FOLDERS:
            (self.work / folder).mkdir(parents=True, exist_ok=True)
        self.write_event("push", {})

    @property
    def workspace(self) -> Path:
        """The checkout."""
        return self.work / "repo/repo"

    def write_event(self, name: str, event: dict[str, Any]) -> None:
        """The event that the workflow runs for."""
        (self.work / "_temp/_github_workflow/event.json").write_text(json.dumps(event))
        self.environ["GITHUB_EVENT_NAME"] = name

    def start(self) -> subprocess.Popen[str]:
        """Start the step."""
        return self._start("/opt/ops002/entrypoint.py", self._environment())

    def after_the_job(self) -> subprocess.CompletedProcess[str]:
        """What the action does after the job, with the states that the step has saved."""
        states = {f"STATE_{name}": value for name, value in self.saved_states().items()}
        swept = self._start("/opt/ops002/sweep", {**self._environment(), **states})
        out, err = swept.communicate(timeout=60)
        return subprocess.CompletedProcess(swept.args, swept.returncode, out, err)

    def saved_states(self) -> dict[str, str]:
        """What the step has kept for the one after the job."""
        return self._read("save_state")

    def outputs(self) -> dict[str, str]:
        """The outputs that the step has set."""
        return self._read("set_output")

    def summary(self) -> str:
        """What the step has written for people."""
        return (self.work / "_temp/_runner_file_commands/step_summary").read_text("utf-8")

    def left(self) -> list[str]:
        """What the engine still has of the step's siblings."""
        if not (self.work / "_temp/_runner_file_commands/save_state").exists():
            return []
        run = self._read("save_state").get("run")
        return [] if run is None else left_on_engine(f"ops002.run={run}")

    def _start(self, entrypoint: str, environ: dict[str, str]) -> subprocess.Popen[str]:
        line = ["docker", "run", "--name", f"ops002_{os.urandom(3).hex()}", "--label", self.label]
        line += ["--workdir", "/github/workspace", "--rm"]
        for name in environ:
            line += ["-e", name]
        line += ["-e", "GITHUB_ACTIONS=true", "-e", "CI=true"]
        line += ["--entrypoint", entrypoint]
        if self.with_socket:
            line += ["-v", f"{engines_socket()}:{SOCKET}"]
        for folder, target in FOLDERS.items():
            line += ["-v", f"{self.work / folder}:{target}"]
        return subprocess.Popen(
            [*line, *self.options, self.image],
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _read(self, name: str) -> dict[str, str]:
        """What the step has written to a file of commands, read as the runner does."""
        lines = (self.work / "_temp/_runner_file_commands" / name).read_text().splitlines()
        found: dict[str, str] = {}
        while lines:
            name, _, mark = lines.pop(0).partition("<<")
            end = lines.index(mark)
            found[name] = "\n".join(lines[:end])
            del lines[: end + 1]
        return found

    def _environment(self) -> dict[str, str]:
        commands = "/github/file_commands"
        given = {f"INPUT_{name.upper()}": value for name, value in self.inputs.items()}
        return {
            **{f"INPUT_{name}": "" for name in ("CONFIG", "DEVICE", "MODE", "ISOLATION")},
            "INPUT_TOKEN": TOKEN,
            **given,
            "HOME": "/github/home",
            "GITHUB_WORKSPACE": "/github/workspace",
            "GITHUB_EVENT_PATH": "/github/workflow/event.json",
            "GITHUB_OUTPUT": f"{commands}/set_output",
            "GITHUB_STEP_SUMMARY": f"{commands}/step_summary",
            "GITHUB_STATE": f"{commands}/save_state",
            "GITHUB_REPOSITORY": "org/engine",
            "GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567",
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_RUN_ID": "42",
            "GITHUB_SERVER_URL": "https://github.com",
            "RUNNER_TEMP": "/github/runner_temp",
            "RUNNER_WORKSPACE": str(self.work / "repo"),
            "ACTIONS_RUNTIME_TOKEN": TOKEN,
            **self.environ,
        }
