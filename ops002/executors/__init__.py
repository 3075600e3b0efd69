"""Where a workload runs: a started thing with streams, processes and an end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ops002.measurement import Process


class StartFailed(Exception):
    """The workload could not even be started; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What an executor's workloads find, and where the gate finds them.

    Workloads are processes below ``init``, a PID of this machine, or named as their roots; ``shm``
    is their /dev/shm as this machine shows it. ``python`` is the interpreter where the config names
    none, ``agents`` the folder of the gate's agents, ``environ`` what they may be given of the
    environment, all of them as seen from where they run.
    """

    init: int
    shm: Path
    python: str
    agents: str
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to start. Its output goes to ``output`` (capped), never to the gate's own streams.

    With a ``channel_key`` standard input and output are a private line to an agent, on which only
    lines that hold the key are heard; without one standard input is empty and standard output is
    output.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    output: Path
    channel_key: str | None = None


class Running(Protocol):
    """A started thing, until it is stopped."""

    @property
    def root(self) -> Process:
        """The process that was started."""
        ...

    def send(self, line: bytes) -> None:
        """Write one line to the agent; a thing that is gone swallows it."""
        ...

    def receive(self, seconds: float) -> bytes | None:
        """The agent's next line, or None if none came in time."""
        ...

    def exit_status(self) -> int | None:
        """The root's exit status as a shell shows it (a signal is 128 + n); None while it runs."""
        ...

    def processes(self) -> tuple[Process, ...]:
        """Every live process of the workload, wherever it moved to.

        Those that ended since this was asked last may still be among them.
        """
        ...

    def output(self, start: int = 0) -> str:
        """What was kept of the output since the mark ``start``, undecodable bytes escaped."""
        ...

    def output_mark(self) -> int:
        """The end of the output so far, in bytes."""
        ...

    def kill_root(self) -> None:
        """Kill the root alone: what it started is still to be seen out."""
        ...

    def end(self) -> None:
        """Kill whatever is left of the workload, and close its streams. May be called again."""
        ...


class Executor(Protocol):
    """Starts workloads in one place."""

    @property
    def setting(self) -> Setting:
        """What they find there."""
        ...

    def start(self, launch: Launch) -> Running:
        """Start it.

        Raises:
            StartFailed: no such program, no permission, no such directory.
        """
        ...
