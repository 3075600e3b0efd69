"""Who is there, as /proc says: one that can't be asked isn't one that has ended."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
