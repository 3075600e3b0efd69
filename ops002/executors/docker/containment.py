"""What a workload's container may do, and what it sees of this machine; pure.

The workload is code under test: in a pull request, anybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

GATE_LABEL: Final = "ops002.gate"
"""Which gate a container or volume belongs to: it outlives one that was killed."""

RUN_LABEL: Final = "ops002.run"
"""Which run of the action a container or volume belongs to, if to one."""

ACTION_LABEL: Final = "ops002.action"
"""The id of the action's container that a gate stands beside: it outlives one that was killed."""

AGENTS: Final = "/opt/ops002"
"""Where the gate's agents lie in a workload's container."""

SCRATCH: Final = "/tmp"  # noqa: S108 (in a container of its own)
"""The one folder that a workload may write to: a volume of its own, gone with its container."""

_MOST_PROCESSES: Final = 4096
_MEMORY_SHARE: Final = 0.9
"""Of the machine's memory: the kernel then ends the workload, not the runner beside it."""

# Outlives every workload: the kernel ends all processes of a container with its first, and those
# that a workload leaves behind are to be seen.
_HOLD: Final = ("sleep", "2147483647")

NOT_OPEN: Final = f"the container did not stay open: its image has no program {_HOLD[0]}"
"""What an image comes to that can't be held open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One workload's container.

    ``readable`` folders of this machine are mounted read-only where they are, those that are
    ``hidden`` appear in them without what they hold, and ``instead`` of some of their files others
    (by the path of the one whose place they take); ``agents`` is the
    volume with the gate's agents, if any; ``volumes`` are named ones and the folders they appear
    at. Sizes in bytes.
    """

    labels: Mapping[str, str]
    readable: tuple[str, ...]
    hidden: tuple[str, ...]
    instead: Mapping[str, str]
    agents: str | None
    volumes: Mapping[str, str]
    shm_bytes: int
    host_bytes: int
    env: Mapping[str, str]
    network: str
    gpus: bool


def arguments(box: Box) -> dict[str, Any]:
    """What the engine is asked for."""
    readable = read_only({folder: folder for folder in box.readable} | dict(box.instead))
    binds = [f"{name}:{folder}" for name, folder in box.volumes.items()]
    if box.agents is not None:
        binds.append(f"{box.agents}:{AGENTS}:ro")
    gpu = {"Driver": "", "Count": -1, "Capabilities": [["gpu", "compute", "utility"]]}
    return {
        "container": {
            "entrypoint": list(_HOLD[:1]),
            "command": list(_HOLD[1:]),
            "labels": dict(box.labels),
            "volumes": [SCRATCH],
            # An image's own would run in it every now and then, and be taken for the workload.
            "healthcheck": {"test": ["NONE"]},
            "environment": {"HOME": SCRATCH, "TMPDIR": SCRATCH, **box.env},
        },
        "host": {
            "binds": binds,
            "mounts": readable,
            "network_mode": box.network,
            "read_only": True,
            "tmpfs": dict.fromkeys(box.hidden, "ro,size=4k"),
            "cap_drop": ["ALL"],
            # Root as files see it, no more: a checkout may be for its owner's eyes only.
            "cap_add": ["DAC_OVERRIDE"],
            "security_opt": ["no-new-privileges"],
            "pids_limit": _MOST_PROCESSES,
            "mem_limit": int(box.host_bytes * _MEMORY_SHARE),
            "shm_size": box.shm_bytes,
            "log_config": {"type": "none", "config": {}},
            "init": True,
            "device_requests": [gpu] if box.gpus else [],
        },
    }


def read_only(sources: Mapping[str, str]) -> list[dict[str, Any]]:
    """Mounts of this machine's folders and files, by where they appear.

    Not as binds: of those the engine makes each that it doesn't find, as root.
    """
    return [
        {"Type": "bind", "Source": source, "Target": target, "ReadOnly": True}
        for target, source in sources.items()
    ]


def filling(labels: Mapping[str, str], volume: str) -> dict[str, Any]:
    """What the engine is asked for to put files into a volume: a container that isn't started.

    ``nocopy``: an engine first fills an empty volume with what the image has there, such as a gate.
    """
    return {
        "container": {"entrypoint": list(_HOLD[:1]), "labels": dict(labels)},
        "host": {"binds": [f"{volume}:{AGENTS}:nocopy"], "network_mode": "none"},
    }
