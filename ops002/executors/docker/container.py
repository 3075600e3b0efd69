"""A container for one workload: programs are started in it, seen from this machine."""

from __future__ import annotations

import io
import secrets
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL
from typing import TYPE_CHECKING, Any, Final

import ops002.agents
from ops002.cookie import this_gate
from ops002.executors import Launch, Setting, StartFailed
from ops002.executors.docker.containment import AGENTS, NOT_OPEN, Box, arguments, filling
from ops002.executors.docker.streams import Streams
from ops002.executors.streams import LineReader, OutputLog
from ops002.measurement import Process
from ops002.process_table import entry
from ops002.processes import descendants, describe, send_signal

if TYPE_CHECKING:
    from ops002.executors.docker.engine import Engine, Exec

_LAST_OUTPUT_SECONDS: Final = 2.0
_KILL_POLL_SECONDS: Final = 0.01
_KILL_SECONDS: Final = 10.0
_KEEPER_SECONDS: Final = 10.0
_FIRST_SECONDS: Final = 2.0
_UNLISTED: Final = Process(
    pid=0, started=0, name="?", command="ends faster than it can be listed, and goes on as another"
)
_PYTHON: Final = "python3"
_AGENTS: Final = ("__init__.py", "wire.py", "worker")


@contextmanager
def container(engine: Engine, image: str, box: Box) -> Iterator[ContainerExecutor]:
    """A container that programs can be started in; nothing is left of it afterwards.

    Raises:
        StartFailed: the engine can't make it.
    """
    made = engine.create(image, arguments(box))
    try:
        engine.start(made)
        yield ContainerExecutor(engine, made)
    finally:
        engine.remove(made)


@contextmanager
def agents_volume(engine: Engine, image: str, labels: Mapping[str, str]) -> Iterator[str]:
    """A volume that holds the gate's agents, for images that know nothing of the gate.

    It is filled through a container that never runs: into the workload's own, whose root can't be
    written to, the engine puts nothing.

    Raises:
        StartFailed: the engine can't make it.
    """
    name = f"ops002-{secrets.token_hex(8)}"
    engine.make_volume(name, labels)
    try:
        helper = engine.create(image, filling(labels, name))
        try:
            engine.unpack(helper, AGENTS, _packed_agents())
        finally:
            engine.remove(helper)
        yield name
    finally:
        engine.remove_volume(name)


class ContainerExecutor:
    """Starts workloads in one running container."""

    def __init__(self, engine: Engine, container: str) -> None:
        """Raises `StartFailed`: it did not stay open, or /proc doesn't show its processes."""
        first = _first(engine, container)
        self._engine = engine
        self._container = container
        self._hold = (first, keeper(first))
        self.setting = Setting(
            init=first.pid,
            shm=Path(f"/proc/{first.pid}/root/dev/shm"),
            python=_PYTHON,
            agents=f"{AGENTS}/ops002/agents",
            environ={},
        )

    def start(self, launch: Launch) -> ContainerRunning:
        """Start a program in the container.

        Raises:
            StartFailed: there is no such program or directory in it.
        """
        try:
            log = launch.output.open("wb")
        except OSError as error:
            raise StartFailed(f"{launch.output} can't be written: {error.strerror}") from None
        options: dict[str, Any] = {
            "environment": {**launch.env, **this_gate().cookie()},
            "workdir": str(Path(launch.cwd).absolute()),
            "stdin": launch.channel_key is not None,
        }
        try:
            program = self._engine.execute(self._container, launch.argv, options)
        except StartFailed:
            log.close()
            raise
        streams = Streams(program.stream, apart=launch.channel_key is not None)
        lines = LineReader(streams.stdout, launch.channel_key) if launch.channel_key else None
        return ContainerRunning(
            self._engine,
            program,
            streams,
            (lines, OutputLog(streams.stderr, log, launch.output)),
            self._hold,
        )


class ContainerRunning:
    """A program in a container, and all that came from it."""

    def __init__(
        self,
        engine: Engine,
        program: Exec,
        streams: Streams,
        sinks: tuple[LineReader | None, OutputLog],
        hold: tuple[Process, ...],
    ) -> None:
        self._engine = engine
        self._program = program
        self._streams = streams
        self._lines, self._output = sinks
        self._hold = hold
        self._status: int | None = None
        # One that is gone already is known by its PID alone.
        self.root = describe(program.pid) or Process(
            pid=program.pid, started=0, name="?", command="?"
        )

    def send(self, line: bytes) -> None:
        """Write one line to the agent; one that is gone swallows it."""
        self._streams.send(line)

    def receive(self, seconds: float) -> bytes | None:
        """The agent's next line, or None if none came in time."""
        assert self._lines is not None
        return self._lines.receive(seconds)

    def exit_status(self) -> int | None:
        """The root's exit status as a shell shows it; None while it runs."""
        if self._status is None and not self._runs():
            # A moment after its end the engine still says that it runs.
            self._status = self._engine.exit_code(self._program)
        return self._status

    def processes(self) -> tuple[Process, ...]:
        """Every live process of the workload, wherever it moved to in the container.

        One that forks and ends faster than processes are listed is in no listing; the kernel still
        counts one more than there are to hold the container open.
        """
        found = self._listed()
        if found or self._runs() or self._engine.tasks(self._program.container) <= len(self._hold):
            return found
        return (_UNLISTED,)

    def _listed(self) -> tuple[Process, ...]:
        return descendants([self.root, self._hold[0]], self._hold)

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
        while (left := self._listed()) and time.monotonic() < deadline:
            for process in left:
                send_signal(process, SIGKILL)
            time.sleep(_KILL_POLL_SECONDS)
        self._streams.close()
        self._output.close(_LAST_OUTPUT_SECONDS)

    def _runs(self) -> bool:
        found = entry(self.root.pid)
        return found is not None and found.started == self.root.started and not found.has_ended


def _first(engine: Engine, container: str) -> Process:
    """A container's first process.

    Raises:
        StartFailed: it has ended, or /proc doesn't show it.
    """
    deadline = time.monotonic() + _FIRST_SECONDS
    while pid := int(engine.inspect(container)["State"]["Pid"]):
        found = describe(pid)
        if found is not None:
            return found
        # The engine knows a moment later that one has ended.
        if time.monotonic() > deadline:
            raise StartFailed(
                f"/proc doesn't show the container's first process (PID {pid}): the engine runs "
                "on another machine or in another PID namespace, and so does the workload's memory"
            )
        time.sleep(_KILL_POLL_SECONDS)
    raise StartFailed(NOT_OPEN)


def keeper(first: Process) -> Process:
    """What keeps a container's first process from ending: its child, a moment after its start.

    Until a child becomes the program that it is to be, it is a copy of its parent: whether there is
    such a program isn't known yet.

    Raises:
        StartFailed: there is none: the image has no such program.
    """
    deadline = time.monotonic() + _KEEPER_SECONDS
    while time.monotonic() < deadline:
        found, parent = descendants([first], [first]), describe(first.pid)
        if found and parent is not None and found[0].name != parent.name:
            return found[0]
        now = entry(first.pid)  # its name changes when it becomes the init that it is to be
        if now is None or now.started != first.started or now.has_ended:
            break
        time.sleep(_KILL_POLL_SECONDS)
    raise StartFailed(NOT_OPEN)


def _packed_agents() -> bytes:
    """The worker's files, as they lie in the package."""
    folder = Path(ops002.agents.__file__).parent
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in _AGENTS:
            archive.add(folder / name, f"ops002/agents/{name}", filter=_source_only)
    return packed.getvalue()


def _source_only(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if "__pycache__" in member.name:
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
