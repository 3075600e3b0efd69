"""What of a container can be tested on processes of this machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ops002.executors import StartFailed
from ops002.executors.docker.container import ContainerExecutor, keeper
from ops002.executors.docker.engine import Engine
from ops002.processes import describe


def test_keeper_is_waited_for() -> None:
    """The container's first process forks it a moment after the container has started."""
    late = "import subprocess, time; time.sleep(0.3); subprocess.run(['sleep', '60'])"
    with subprocess.Popen([sys.executable, "-c", late]) as first:
        started = describe(first.pid)
        assert started is not None

        found = keeper(started)

        assert found.command == "sleep 60"
        subprocess.run(["kill", str(found.pid)], check=True)


def test_first_process_that_ends_keeps_nothing_open() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.3)"]) as first:
        started = describe(first.pid)
        assert started is not None

        with pytest.raises(StartFailed, match="no program sleep"):
            keeper(started)


def test_child_that_never_becomes_another_program_keeps_nothing_open() -> None:
    """On a busy machine an init's copy of itself lives a while before there is found no `sleep`."""
    copy = "import os, time; os.fork() and os.wait() or time.sleep(0.3)"
    with subprocess.Popen([sys.executable, "-c", copy]) as first:
        started = describe(first.pid)
        assert started is not None

        with pytest.raises(StartFailed, match="no program sleep"):
            keeper(started)


def test_keeper_is_waited_for_while_the_first_process_becomes_another_program() -> None:
    """The engine's own, at first; then the init that it was started to be."""
    late = "import os, time; time.sleep(0.3); os.execvp('sh', ['sh', '-c', 'sleep 60; true'])"
    with subprocess.Popen([sys.executable, "-c", late]) as first:
        started = describe(first.pid)
        assert started is not None

        found = keeper(started)

        subprocess.run(["kill", str(found.pid)], check=True)
        assert found.command != started.command


@pytest.mark.parametrize("told", [{}, {"pids_stats": {}}])
def test_processes_that_are_not_counted_are_never_nobody(told: dict[str, object]) -> None:
    """An engine without the controller for it."""

    class Client:
        def stats(self, _container: str, **_options: bool) -> dict[str, object]:
            return told

    engine = Engine.__new__(Engine)
    engine._client = Client()  # type: ignore[assignment]  # an engine that answers so isn't here

    with pytest.raises(StartFailed, match="can't be ruled out"):
        engine.tasks("any")


def test_container_that_has_just_ended_is_not_taken_for_one_elsewhere() -> None:
    """Its first process is gone from /proc before the engine knows of it."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    told = iter([gone.pid, gone.pid, 0])

    class JustEnded(Engine):
        def __init__(self) -> None:
            pass

        def inspect(self, container: str) -> dict[str, dict[str, int]]:
            del container
            return {"State": {"Pid": next(told)}}

    with pytest.raises(StartFailed, match="no program sleep"):
        ContainerExecutor(JustEnded(), "any")
