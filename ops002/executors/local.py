"""Workloads as processes of this machine, each in a session of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from signal import SIGKILL
from typing import BinaryIO, Final

import ops002.agents
from ops002.cookie import this_gate
from ops002.executors import Launch, Setting, StartFailed
from ops002.executors.streams import LineReader, OutputLog
from ops002.measurement import Process
from ops002.process_table import entry
from ops002.processes import (
    Family,
    describe,
    family,
    groups_of,
    kill_groups,
    reap,
    send_signal,
)

_LAST_OUTPUT_SECONDS: Final = 2.0
_KILL_POLL_SECONDS: Final = 0.01
_KILL_SECONDS: Final = 10.0
"""A process stuck in the kernel outlives SIGKILL; it has been named as a survivor by then."""


class LocalExecutor:
    """Starts workloads on this machine.

    Children that the gate has before it starts its first workload are nobody's business: a shell
    that starts helpers and then becomes the gate leaves it some. ``helpers`` tells those that the
    gate itself starts later.
    """

    def __init__(
        self, environ: Mapping[str, str], helpers: Callable[[], tuple[Process, ...]] = tuple
    ) -> None:
        """``environ``: what workloads may be given of it, they are."""
        self._bystanders = family().live
        self._helpers = helpers
        self.setting = Setting(
            init=os.getpid(),
            shm=Path("/dev/shm"),  # noqa: S108 (its size is read; nothing is put there)
            python=sys.executable,
            agents=str(Path(ops002.agents.__file__).parent),
            environ=environ,
        )

    def start(self, launch: Launch) -> LocalRunning:
        """Start a process in its own session.

        Raises:
            StartFailed: no such program, no permission, no such directory.
            NotShown: what is started here couldn't be seen.
        """
        env = {**launch.env, **this_gate().cookie()}
        try:
            # The log first: a process that is started must be one that can be ended.
            log = launch.output.open("wb")
        except OSError as error:
            raise StartFailed(f"{launch.output} can't be written: {error.strerror}") from None
        try:
            # Pipe ends are created close-on-exec: only these three descriptors are handed over.
            popen = subprocess.Popen(
                launch.argv,
                env=env,
                cwd=launch.cwd,
                stdin=subprocess.PIPE if launch.channel_key else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE if launch.channel_key else subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            log.close()
            raise StartFailed(_why(launch, error)) from None
        try:
            return LocalRunning(popen, launch, log, (*self._bystanders, *self._helpers()))
        except (OSError, RuntimeError) as error:
            # It couldn't be looked up, or no thread be started to drain its output: a process that
            # nobody would end.
            kill_groups({popen.pid})
            popen.wait()
            log.close()
            raise StartFailed(f"{launch.argv[0]!r} can't be attended to: {error}") from None


def _why(launch: Launch, error: OSError | ValueError) -> str:
    program = launch.argv[0]
    if isinstance(error, FileNotFoundError):
        missing = launch.cwd if error.filename == launch.cwd else program
        return f"there is no {missing!r} to start (working directory {launch.cwd!r})"
    return f"{program!r} can't be started: {error}"


def _ended(pid: int, launch: Launch) -> Process:
    """A child that has ended and isn't reaped: the kernel still knows who it was."""
    found = entry(pid)
    assert found is not None
    return Process(
        pid=pid, started=found.started, name=launch.argv[0], command=" ".join(launch.argv)
    )


class LocalRunning:
    """A process of this machine and all that came from it."""

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        launch: Launch,
        log: BinaryIO,
        bystanders: tuple[Process, ...],
    ) -> None:
        self._popen = popen
        self._bystanders = bystanders
        # One that is gone already is still named by what was started.
        self.root = describe(popen.pid) or _ended(popen.pid, launch)
        stdout, stderr = popen.stdout, popen.stderr
        assert stdout is not None
        if launch.channel_key:
            assert stderr is not None
            self._lines: LineReader | None = LineReader(stdout, launch.channel_key)
            self._output = OutputLog(stderr, log, launch.output)
        else:
            self._lines = None
            self._output = OutputLog(stdout, log, launch.output)

    def send(self, line: bytes) -> None:
        """Write one line to the agent; one that is gone swallows it."""
        channel = self._popen.stdin
        assert channel is not None
        with contextlib.suppress(BrokenPipeError):
            channel.write(line)
            channel.flush()

    def receive(self, seconds: float) -> bytes | None:
        """The agent's next line, or None if none came in time."""
        assert self._lines is not None
        return self._lines.receive(seconds)

    def exit_status(self) -> int | None:
        """The root's exit status as a shell shows it; None while it runs."""
        status = self._popen.poll()
        return 128 - status if status is not None and status < 0 else status

    def processes(self) -> tuple[Process, ...]:
        """Every live process of the workload, and its orphans that ended since this was asked last.

        One that forks and ends faster than processes are listed is seen by those it leaves behind.
        """
        found = self._family()
        reap(found.ended)
        return (*found.ended, *found.live)

    def _family(self) -> Family:
        self._popen.poll()
        return family(self._bystanders, {self._popen.pid})

    def output(self, start: int = 0) -> str:
        """What was kept of the output since a mark."""
        return self._output.text(start)

    def output_mark(self) -> int:
        """The end of the output so far, in bytes."""
        return self._output.mark()

    def kill_root(self) -> None:
        """Kill the root alone."""
        send_signal(self.root, SIGKILL)

    def end(self) -> None:
        """Kill whatever is left, again until nothing is: a process may fork while it is killed."""
        deadline = time.monotonic() + _KILL_SECONDS
        while self._kill_all() and time.monotonic() < deadline:
            time.sleep(_KILL_POLL_SECONDS)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(_KILL_POLL_SECONDS)
        if self._popen.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._popen.stdin.close()
        self._output.close(_LAST_OUTPUT_SECONDS)

    def _kill_all(self) -> bool:
        """Kill everybody who can be seen; whether there was anybody."""
        found = self._family()
        everybody = (*found.ended, *found.live)
        kill_groups(groups_of(everybody))
        for process in found.live:
            send_signal(process, SIGKILL)
        # Only now: a dead member keeps its group's number from being given to another.
        reap(found.ended)
        return bool(everybody)
