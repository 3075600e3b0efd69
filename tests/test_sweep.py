"""What a killed gate left is found by its cookie, and ended; nobody else is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import psutil
import pytest

from ops002.clock import Clock
from ops002.config.problems import ConfigError
from ops002.config.values import COOKIE
from ops002.cookie import Gate, carried_by, carriers, this_gate
from ops002.sweep import sweep
from tests.command_line import wait_for
from tests.configs import PYTHON, load

Start = Callable[[dict[str, str]], "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(cookie: dict[str, str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); import time; time.sleep(60)"],
            env={**os.environ, **cookie},
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        process.stdout.readline()
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def gone() -> Gate:
    """A gate that had this PID before: it is no more."""
    return replace(this_gate(), started=1)


def test_what_a_dead_gate_left_is_ended_and_named(start: Start) -> None:
    process = start(gone().cookie())
    swept = sweep(Clock(60))
    assert process.wait(10) == -9
    assert process.pid in [one.pid for one in swept.ended]
    (line,) = swept.lines()
    assert f"(PID {process.pid})" in line


def test_what_a_dead_process_of_another_pid_left_is_ended(start: Start) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    process = start(replace(this_gate(), pid=ended.pid).cookie())
    sweep(Clock(60))
    assert process.wait(10) == -9


def test_a_gate_that_lives_keeps_its_workload(start: Start) -> None:
    process = start(this_gate().cookie())
    assert list(sweep(Clock(60)).lines()) == []
    assert process.poll() is None


def test_a_gate_of_another_namespace_may_live(start: Start) -> None:
    process = start(replace(gone(), namespace=1).cookie())
    sweep(Clock(60))
    assert process.poll() is None


@pytest.mark.parametrize("text", ["", "1", "1-2", "a-b-c", "1-2-3-4", "-1-2-3", "1-2-3 "])
def test_what_is_no_cookie_condemns_nobody(start: Start, text: str) -> None:
    process = start({COOKIE: text})
    assert carried_by(process.pid) is None
    sweep(Clock(60))
    assert process.poll() is None


def test_a_gate_inside_of_a_dead_gates_workload_ends_neither_itself_nor_its_kin(
    start: Start,
) -> None:
    kin = start(gone().cookie())
    code = (
        "from ops002.clock import Clock; from ops002.sweep import sweep; "
        "print(len(sweep(Clock(60)).ended))"
    )
    inside = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **gone().cookie()},
        capture_output=True,
        text=True,
        check=True,
    )
    assert inside.stdout.strip() == "0"
    assert kin.poll() is None
    sweep(Clock(60))
    assert kin.wait(10) == -9


def test_one_without_a_cookie_is_left_alone_though_it_shares_the_others_group() -> None:
    name, value = next(iter(gone().cookie().items()))
    line = f"sleep 60 & echo $!; exec env {name}={value} sleep 61"
    with subprocess.Popen(
        ["bash", "-c", line], stdout=subprocess.PIPE, start_new_session=True
    ) as carrier:
        assert carrier.stdout is not None
        mate = psutil.Process(int(carrier.stdout.readline()))
        wait_for(lambda: carried_by(carrier.pid) is not None)
        try:
            sweep(Clock(60))
            assert carrier.wait(10) == -9
            assert mate.is_running()
            assert mate.status() != psutil.STATUS_ZOMBIE
        finally:
            mate.kill()


FORKS_AND_ENDS = """
import os, time
until = time.monotonic() + 60
while time.monotonic() < until:
    if os.fork():
        os._exit(0)
    {each_time}
"""
FORKS_AND_STAYS = """
import os, time
for _ in range(6):
    os.fork()
    {each_time}
time.sleep(60)
"""


@pytest.mark.parametrize("code", [FORKS_AND_ENDS, FORKS_AND_STAYS], ids=["and ends", "and stays"])
@pytest.mark.parametrize("each_time", ["pass", "os.setsid()"], ids=["one group", "many groups"])
def test_one_that_forks_while_it_is_killed_is_ended(code: str, each_time: str) -> None:
    cookie = replace(gone(), started=2)
    if each_time == "os.setsid()":
        each_time = "os.getpgrp() == os.getpid() or os.setsid()"
    started = subprocess.Popen(
        [sys.executable, "-c", code.format(each_time=each_time)],
        env={**os.environ, **cookie.cookie()},
        start_new_session=True,
    )
    wait_for(lambda: cookie in [gate for _, gate in carriers()])
    swept = sweep(Clock(60))
    started.wait(10)
    assert swept.ended
    assert swept.left == ()
    # Whoever forks and ends is seen in one look of several.
    assert all(cookie not in [gate for _, gate in carriers()] for _ in range(100))


def test_a_workload_cant_be_given_another_cookie() -> None:
    given = PYTHON.replace("kind: python\n", f"kind: python\n      env: {{{COOKIE}: '1-2-3'}}\n")
    with pytest.raises(ConfigError) as refused:
        load(given)
    (problem,) = refused.value.problems
    assert "the gate's own" in problem.message
