"""A child process that holds memory: the leak is that it outlives the parent which is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time

LEAKS = os.environ["OPS002_PLANTED"] == "leak"
SIZE = int(os.environ["OPS002_PLANTED_BYTES"])
INFERENCE_SECONDS = 0.3

HOLD = f"import sys, time; held = b'x' * {SIZE}; print('ready', flush=True); "
# Even if nobody ends it, it ends: a self-test must not take memory from a machine for good.
OUTLIVE = "time.sleep(120)"
END_WITH_PARENT = "sys.stdin.read()"


def load(_device: str) -> subprocess.Popen[bytes]:
    """Start the child (an interpreter without a site of its own), and wait until it holds all."""
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", HOLD + (OUTLIVE if LEAKS else END_WITH_PARENT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


def infer(_child: subprocess.Popen[bytes]) -> None:
    """Takes a while, so that the parent can be killed in the middle."""
    time.sleep(INFERENCE_SECONDS)
