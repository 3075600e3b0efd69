"""A folder that shows processes as /proc does."""

from __future__ import annotations

import os
from pathlib import Path


def table(folder: Path) -> Path:
    """The folder, as one that shows the PID namespace of these tests."""
    (folder / "self").symlink_to(str(os.getpid()))
    return folder


def line(pid: int, parent: int, started: int) -> str:
    """What ``stat`` says of a process."""
    return f"{pid} (a ) b) S {parent} {'0 ' * 17}{started} 0"


def put(proc: Path, pid: int, parent: int, started: int) -> None:
    """A process, or another one in its place."""
    (proc / str(pid)).mkdir(exist_ok=True)
    (proc / str(pid) / "stat").write_text(line(pid, parent, started))


def become(proc: Path, pid: int, user: int) -> None:
    """The process is this user from now on."""
    (proc / str(pid)).mkdir(exist_ok=True)
    users = "\t".join([str(user)] * 4)
    (proc / str(pid) / "status").write_text(f"Name:\tx\nUid:\t{users}\nGid:\t0\t0\t0\t0\n")
