"""The gate in a sibling container: where an action's own container can't see what must be seen.

A runner starts an action's container without a GPU and without the host's processes, and an action
can't ask for either. Through the engine's socket the gate starts itself again, beside its own
container, with both, and with none of what the runner gave it: no token, no file of commands.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from ops002.executors import StartFailed
from ops002.executors.docker.containment import ACTION_LABEL, RUN_LABEL, read_only

if TYPE_CHECKING:
    from ops002.executors.docker.engine import Engine

SOCKET: Final = "/var/run/docker.sock"
_NONCE_FOLDER: Final = Path("/")
"""The one folder that can't be a mount, which other containers might have, too."""

_PAUSE_SECONDS: Final = 0.1
_QUIET_LOOKS: Final = 3
_MOST_LOOKS: Final = 30

_CAPABILITIES: Final = (
    "SYS_PTRACE",  # another user's smaps_rollup is refused even to root without it
    "SYS_ADMIN",  # requests are made in the network of a server's container (setns)
    "KILL",  # what a workload left, of whichever user
    "DAC_OVERRIDE",  # the report's folder is the runner's
    "CHOWN",  # and so shall be the report
)


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of the host, and where it appears in this container."""

    source: PurePosixPath
    target: PurePosixPath


@dataclass(frozen=True, slots=True)
class Own:
    """This process's own container: its id and image, and what of the host it sees."""

    id: str
    image: str
    mounts: tuple[Mount, ...]

    def on_host(self, path: str) -> str | None:
        """A path of this container as the host has it; None if it isn't the host's."""
        inside = PurePosixPath(path)
        for mount in sorted(self.mounts, key=lambda one: len(one.target.parts), reverse=True):
            if inside.is_relative_to(mount.target):
                return str(mount.source / inside.relative_to(mount.target))
        return None

    def is_held_by(self, path: str) -> bool:
        """Whether a folder of the host is, or holds, one that the runner has mounted here."""
        return any(mount.source.is_relative_to(path) for mount in self.mounts)


def find_own(engine: Engine) -> Own:
    """This container, as the engine knows it.

    It is the one that has a file which was just made here. Host names and mount tables tell
    something else where namespaces are shared.

    Raises:
        StartFailed: none of the engine's containers is this one.
    """
    nonce = _NONCE_FOLDER / f"ops002-{secrets.token_hex(16)}"
    nonce.touch()
    try:
        found = [one for one in engine.running() if engine.has_file(one, str(nonce))]
    finally:
        nonce.unlink()
    if len(found) != 1:
        raise StartFailed(
            "the Docker engine behind the socket doesn't run this container (a runner inside of a "
            "container, or a remote engine): its folders mean nothing there; run the gate as a "
            "command line in the job instead"
        )
    known = engine.inspect(found[0])
    mounts = tuple(
        Mount(PurePosixPath(one["Source"]), PurePosixPath(one["Destination"]))
        for one in known["Mounts"]
        if one.get("Type") == "bind"
    )
    return Own(id=found[0], image=str(known["Image"]), mounts=mounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The gate that is to run beside an action's container. Folders as the host has them.

    ``instead`` are files of the workspace, and those that stand in their place.
    """

    run: str
    action: str
    argv: Sequence[str]
    environ: Mapping[str, str]
    workspace: str
    instead: Mapping[str, str]
    report: str
    socket: str
    gpus: bool


def gate_arguments(gate: Gate) -> dict[str, Any]:
    """What the engine is asked for; pure."""
    gpu = {"Driver": "", "Count": -1, "Capabilities": [["gpu", "utility"]]}
    return {
        "container": {
            "command": list(gate.argv),
            "environment": dict(gate.environ),
            "working_dir": gate.workspace,
            "labels": {RUN_LABEL: gate.run, ACTION_LABEL: gate.action},
        },
        "host": {
            # Under the names that the host knows: the engine mounts them into the workload's, too.
            "binds": [
                f"{gate.workspace}:{gate.workspace}:ro",
                f"{gate.report}:{gate.report}",
                f"{gate.socket}:{SOCKET}",
            ],
            "mounts": read_only(gate.instead),
            "pid_mode": "host",
            # One gate per GPU is a name in the host's network namespace (`gpu_lock`).
            "network_mode": "host" if gate.gpus else "none",
            "read_only": True,
            "tmpfs": {"/tmp": ""},  # noqa: S108 (of a container of its own)
            "cap_drop": ["ALL"],
            "cap_add": list(_CAPABILITIES),
            "security_opt": ["no-new-privileges"],
            "log_config": {"type": "none", "config": {}},
            "device_requests": [gpu] if gate.gpus else [],
        },
    }


@contextmanager
def sibling(engine: Engine, image: str, gate: Gate) -> Iterator[str]:
    """A container of the gate, not yet started; nothing of its run is left afterwards.

    Raises:
        StartFailed: the engine can't make it.
    """
    made = engine.create(image, gate_arguments(gate))
    try:
        yield made
    finally:
        engine.remove(made)
        remove_run(engine, gate.run)


def remove_run(engine: Engine, run: str) -> None:
    """Remove every container and volume of a run of the action, until none is left.

    What its gate had asked for when it was ended, the engine may still be making.

    Raises:
        StartFailed: the engine doesn't answer.
    """
    looks_without = 0
    for _ in range(_MOST_LOOKS):
        looks_without = 0 if _remove_once(engine, run) else looks_without + 1
        if looks_without == _QUIET_LOOKS:
            return
        time.sleep(_PAUSE_SECONDS)


def _remove_once(engine: Engine, run: str) -> bool:
    """Whether there was anything."""
    containers = [one for one, of_run in engine.labelled(RUN_LABEL) if of_run == run]
    for container in containers:
        engine.remove(container)
    volumes = [one for one, of_run in engine.labelled_volumes(RUN_LABEL) if of_run == run]
    for volume in volumes:
        engine.remove_volume(volume)
    return bool(containers or volumes)
