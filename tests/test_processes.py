"""Who a process is, whatever becomes of its PID, and whose group is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL, SIGSTOP

import pytest

from ops002.measurement import Process
from ops002.process_table import entry
from ops002.processes import (
    _described,
    describe,
    family,
    groups_of,
    kill_groups,
    killable,
    send_signal,
)
from tests.command_line import wait_for


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group of its own."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as popen:
        yield popen
        popen.kill()


def known(pid: int) -> Process:
    process = describe(pid)
    assert process is not None
    return process


def given_anew(pid: int) -> Process:
    """One that had this PID before."""
    process = known(pid)
    return replace(process, started=process.started - 1)


def test_a_process_started_when_the_kernel_says_in_ticks_that_no_clock_moves(
    sleeper: subprocess.Popen[bytes],
) -> None:
    after_the_name = Path(f"/proc/{sleeper.pid}/stat").read_text().rpartition(") ")[2].split()
    ticks = int(after_the_name[22 - 3])  # proc(5) counts from 1, and the name is the second
    assert known(sleeper.pid).started == ticks
    assert [one.started for one in family().live if one.pid == sleeper.pid] == [ticks]


def test_a_name_is_no_obstacle_to_what_stands_after_it(tmp_path: Path) -> None:
    program = tmp_path / "a) R 1 (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"]) as popen:
        wait_for(lambda: known(popen.pid).name == program.name)
        assert popen.pid in [one.pid for one in family().live]
        popen.kill()


def test_a_name_that_the_kernel_cuts_is_told_whole(tmp_path: Path) -> None:
    program = tmp_path / "engine-core-number-1"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"]) as popen:
        wait_for(lambda: known(popen.pid).name == program.name)
        assert known(popen.pid).command == f"{program} 60"
        popen.kill()


def test_a_name_that_isnt_cut_is_the_kernels_whatever_the_program_calls_itself() -> None:
    with subprocess.Popen(["sleeping-engine", "60"], executable="/bin/sleep") as popen:
        wait_for(lambda: known(popen.pid).command == "sleeping-engine 60")
        assert known(popen.pid).name == "sleep"
        popen.kill()


def test_names_are_never_those_of_one_that_was_given_the_pid_since(
    sleeper: subprocess.Popen[bytes],
) -> None:
    found = entry(sleeper.pid)
    assert found is not None
    assert _described(sleeper.pid, found) is not None
    assert _described(sleeper.pid, replace(found, started=found.started - 1)) is None


def test_bystanders_and_those_below_them_are_left_out() -> None:
    line = "sleep 61 & echo $!; sleep 62"
    with subprocess.Popen(
        ["bash", "-c", line], stdout=subprocess.PIPE, start_new_session=True
    ) as shell:
        assert shell.stdout is not None
        below = int(shell.stdout.readline())
        wait_for(lambda: len(kin(shell.pid, below)) == 2)
        assert kin(shell.pid, below, (known(shell.pid),)) == set()
        # A PID alone is nobody: this bystander had it before.
        assert kin(shell.pid, below, (given_anew(shell.pid),)) == {shell.pid, below}
        kill_groups({shell.pid})


def kin(parent: int, child: int, bystanders: tuple[Process, ...] = ()) -> set[int]:
    return {parent, child} & {one.pid for one in family(bystanders).live}


def test_only_who_has_the_pid_now_is_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    send_signal(given_anew(sleeper.pid), SIGKILL)
    # Signals are handled in order: a kill would have come before the stop.
    sleeper.send_signal(SIGSTOP)
    _, status = os.waitpid(sleeper.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    send_signal(known(sleeper.pid), SIGKILL)
    assert sleeper.wait(10) == -SIGKILL


def test_the_group_of_one_that_was_given_the_pid_since_is_a_strangers(
    sleeper: subprocess.Popen[bytes],
) -> None:
    assert groups_of([given_anew(sleeper.pid)]) == frozenset()
    assert groups_of([known(sleeper.pid)]) == {sleeper.pid}


def test_a_dead_process_still_says_its_group_until_it_is_reaped() -> None:
    with subprocess.Popen(["true"], start_new_session=True) as popen:
        wait_for(lambda: describe(popen.pid) is None)
        dead = [one for one in family().ended if one.pid == popen.pid]
        assert [one.name for one in dead] == ["true"]
        assert groups_of(dead) == {popen.pid}
        popen.wait()
        assert groups_of(dead) == frozenset()


def test_neither_the_gates_own_group_nor_everybody_is_a_workloads(
    sleeper: subprocess.Popen[bytes],
) -> None:
    assert killable([-1, 0, 1, os.getpgrp(), sleeper.pid]) == {sleeper.pid}


def test_the_gate_doesnt_kill_its_own_group() -> None:
    code = (
        "import os\n"
        "from ops002.processes import kill_groups\n"
        "kill_groups({0, os.getpgrp()})\n"
        "print('alive')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        start_new_session=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "alive\n", done.returncode
