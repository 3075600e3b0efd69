"""Who is there, as /proc says: one that can't be asked isn't one that has ended."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ops002.process_table import running_seconds

NO_DESCRIPTOR_LEFT = """
import os, resource
from ops002.process_table import entry, everybody, threads
resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
try:
    print({asked})
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.parametrize("asked", ["entry(os.getppid())", "threads(os.getppid())", "everybody()"])
def test_nobody_has_ended_because_the_gate_has_no_descriptor_left(asked: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_DESCRIPTOR_LEFT.format(asked=asked)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "Too many open files\n", done.stderr


def test_a_process_has_run_for_no_longer_than_its_parent() -> None:
    with subprocess.Popen(["sleep", "600"]) as child:
        ages = running_seconds(child.pid), running_seconds(os.getpid())
        child.kill()
    assert ages[0] is not None
    assert ages[1] is not None
    assert 0 <= ages[0] <= ages[1]


def test_nobody_has_run() -> None:
    assert running_seconds(2**22 + 1) is None
