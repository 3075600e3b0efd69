"""Whose processes are, by a table of processes."""

from __future__ import annotations

from pathlib import Path

from ops002.probes.workload_tree import WorkloadTree

GATE, BYSTANDER, CHILD, GRANDCHILD = 10, 11, 20, 21


def put(proc: Path, pid: int, parent: int, started: int) -> None:
    (proc / str(pid)).mkdir(exist_ok=True)
    (proc / str(pid) / "stat").write_text(f"{pid} (a ) b) S {parent} {'0 ' * 17}{started} 0")


def test_a_process_belongs_to_the_workload_or_not(tmp_path: Path) -> None:
    put(tmp_path, 1, 0, 0)
    put(tmp_path, GATE, 1, 100)
    put(tmp_path, BYSTANDER, GATE, 200)
    tree = WorkloadTree(tmp_path, GATE)
    put(tmp_path, CHILD, GATE, 300)
    put(tmp_path, GRANDCHILD, CHILD, 301)
    put(tmp_path, 22, BYSTANDER, 302)
    put(tmp_path, 23, 1, 303)
    put(tmp_path, 24, 0, 304)  # put into this PID namespace from outside

    assert {pid for pid, _ in tree.everybody() if tree.has(pid)} == {GATE, CHILD, GRANDCHILD}
    assert tree.has(99)  # gone: it can't be asked


def test_a_bystanders_pid_that_was_given_anew_is_no_bystander(tmp_path: Path) -> None:
    put(tmp_path, BYSTANDER, GATE, 200)
    tree = WorkloadTree(tmp_path, GATE)
    put(tmp_path, BYSTANDER, GATE, 300)

    assert tree.has(BYSTANDER)


def test_a_gate_whose_user_cant_be_read_may_be_anybody(tmp_path: Path) -> None:
    assert WorkloadTree(tmp_path, GATE).may_be(1234)
