"""Real processes under the local executor."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ops002.executors import Launch, StartFailed
from ops002.executors.local import LocalExecutor, LocalRunning
from ops002.executors.streams import KEEP_BYTES, TAIL_BYTES
from ops002.processes import describe, take_charge_of_children


def start(folder: Path, code: str, channel_key: str | None = None) -> LocalRunning:
    """Start a Python program."""
    take_charge_of_children()
    return LocalExecutor(os.environ).start(
        Launch(
            argv=(sys.executable, "-u", "-c", code),
            env=dict(os.environ),
            cwd=str(folder),
            output=folder / "out.log",
            channel_key=channel_key,
        )
    )


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether a condition comes to hold."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    ("argv", "cwd", "named"),
    [
        (("ops002-no-such-program",), ".", "ops002-no-such-program"),
        (("true",), "/no/such/folder", "/no/such/folder"),
        (("/etc",), ".", "/etc"),
    ],
)
def test_what_cant_be_started_is_named(
    tmp_path: Path, argv: tuple[str, ...], cwd: str, named: str
) -> None:
    launch = Launch(argv=argv, env={}, cwd=cwd, output=tmp_path / "out.log")

    with pytest.raises(StartFailed, match=named):
        LocalExecutor(os.environ).start(launch)


@pytest.mark.parametrize(
    ("code", "status"), [("raise SystemExit(7)", 7), ("import os; os.kill(os.getpid(), 9)", 137)]
)
def test_the_exit_status_is_as_a_shell_shows_it(tmp_path: Path, code: str, status: int) -> None:
    running = start(tmp_path, code)
    try:
        assert eventually(lambda: running.exit_status() is not None)
        assert running.exit_status() == status
    finally:
        running.end()


def test_output_is_kept_from_a_mark_on(tmp_path: Path) -> None:
    running = start(tmp_path, "print('early'); input_ = open('go').read(); print('late')")
    try:
        assert eventually(lambda: "early" in running.output())
        running.end()
    finally:
        running.end()
    assert running.output(running.output_mark()) == ""


def test_of_a_flood_the_beginning_and_the_end_are_kept(tmp_path: Path) -> None:
    size = KEEP_BYTES + 4 * TAIL_BYTES
    running = start(
        tmp_path,
        f"import sys; sys.stdout.write('first' + 'x' * {size} + 'last'); sys.stdout.flush()",
    )
    try:
        assert eventually(lambda: running.exit_status() is not None)
    finally:
        running.end()
    output = running.output()
    assert output.startswith("first")
    assert output.endswith("last")
    assert len(output) < size
    assert running.output_mark() == size + len("firstlast")
    assert (tmp_path / "out.log").stat().st_size == KEEP_BYTES


def test_a_reply_gets_through_whatever_else_is_written(tmp_path: Path) -> None:
    running = start(
        tmp_path,
        "import os\n"
        "for _ in range(3000): os.write(1, b'rubbish\\n')\n"
        "os.write(1, b'x' * 600_000)\n"
        'os.write(1, b\'\\n{"key": "secret"}\\n\')\n',
        channel_key="secret",
    )
    try:
        assert running.receive(20) == b'{"key": "secret"}\n'
    finally:
        running.end()


def test_a_root_that_has_ended_at_once_is_still_known(tmp_path: Path) -> None:
    launch = Launch(argv=("true",), env={}, cwd=".", output=tmp_path / "out.log")
    with launch.output.open("wb") as log:
        popen = subprocess.Popen(launch.argv, stdout=subprocess.PIPE, start_new_session=True)
        assert eventually(lambda: describe(popen.pid) is None)
        after_the_name = Path(f"/proc/{popen.pid}/stat").read_text().rpartition(") ")[2].split()
        running = LocalRunning(popen, launch, log, ())
        running.end()
    assert running.root.name == "true"
    assert running.root.started == int(after_the_name[19])


ESCAPES = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open('escaped', 'w').write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
time.sleep({stay})
"""


@pytest.mark.parametrize("stay", [600, 0])
def test_a_daemon_is_still_found_and_ended(tmp_path: Path, stay: int) -> None:
    running = start(tmp_path, ESCAPES.format(stay=stay))
    try:
        assert eventually((tmp_path / "escaped").exists)
        assert eventually(lambda: (tmp_path / "escaped").read_text() != "")
        daemon = int((tmp_path / "escaped").read_text())
        assert eventually(lambda: daemon in {process.pid for process in running.processes()})
    finally:
        running.end()
    assert describe(daemon) is None
    assert running.processes() == ()


def test_a_gate_that_ends_twice_does_no_harm(tmp_path: Path) -> None:
    running = start(tmp_path, "pass")
    assert eventually(lambda: running.exit_status() is not None)
    running.end()
    running.end()
    assert running.exit_status() == 0
