"""Whose processes are, and who a workload may be, by a table of processes."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest

from ops002.measurement import Process
from ops002.probes.workload_tree import WorkloadTree
from ops002.process_table import everybody
from tests.probes.table import become, line, put, table

GATE, BYSTANDER, CHILD, GRANDCHILD, HIDDEN = 10, 11, 20, 21, 30
ROOT, USER, OTHER = 0, 54321, 54322


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    return table(tmp_path)


def test_a_process_belongs_to_the_workload_or_not(proc: Path) -> None:
    put(proc, 1, 0, 0)
    put(proc, GATE, 1, 100)
    put(proc, BYSTANDER, GATE, 200)
    tree = WorkloadTree(proc, GATE)
    put(proc, CHILD, GATE, 300)
    put(proc, GRANDCHILD, CHILD, 301)
    put(proc, 22, BYSTANDER, 302)
    put(proc, 23, 1, 303)
    put(proc, 24, 0, 304)  # put into this PID namespace from outside

    assert {pid for pid in everybody(proc) if tree.has(pid)} == {GATE, CHILD, GRANDCHILD}
    assert tree.has(99)  # gone: it can't be asked


def test_a_bystanders_pid_that_was_given_anew_is_no_bystander(proc: Path) -> None:
    put(proc, BYSTANDER, GATE, 200)
    tree = WorkloadTree(proc, GATE)
    put(proc, BYSTANDER, GATE, 300)

    assert tree.has(BYSTANDER)


def test_who_descends_from_a_process_that_cant_be_seen_is_a_stranger(proc: Path) -> None:
    tree = WorkloadTree(proc, GATE)
    put(proc, CHILD, HIDDEN, 300)
    put(proc, GRANDCHILD, CHILD, 301)

    assert not tree.has(CHILD)
    assert not tree.has(GRANDCHILD)


def test_whose_parent_ended_meanwhile_is_asked_for_its_new_one(proc: Path) -> None:
    tree = WorkloadTree(proc, GATE)
    for pid in (CHILD, HIDDEN):
        (proc / str(pid)).mkdir()
        os.mkfifo(proc / str(pid) / "stat")

    def answer() -> None:  # each waits until it is read
        (proc / str(CHILD) / "stat").write_text(line(CHILD, HIDDEN, 300))
        (proc / str(HIDDEN) / "stat").write_text("")
        (proc / str(CHILD) / "stat").write_text(line(CHILD, GATE, 300))

    Thread(target=answer, daemon=True).start()

    assert tree.has(CHILD)


def test_a_workload_may_be_the_users_that_its_processes_were_seen_to_be(proc: Path) -> None:
    become(proc, GATE, USER)
    become(proc, CHILD, OTHER)
    tree = WorkloadTree(proc, GATE)
    assert (tree.may_be(USER), tree.may_be(OTHER), tree.may_be(ROOT)) == (True, False, False)

    child = Process(pid=CHILD, started=0, name="x", command="x")
    tree.see([child])
    tree.see([])
    assert (tree.may_be(USER), tree.may_be(OTHER), tree.may_be(ROOT)) == (True, True, False)

    become(proc, CHILD, ROOT)
    tree.see([child])
    assert tree.may_be(1234)


def test_a_gate_that_is_root_or_whose_user_cant_be_read_may_be_anybody(proc: Path) -> None:
    assert WorkloadTree(proc, GATE).may_be(1234)
    become(proc, GATE, ROOT)
    assert WorkloadTree(proc, GATE).may_be(1234)
