"""Real processes, and the host's memory as the probe reads it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ops002.measurement import Process, Reading
from ops002.probes.host_memory import HostMemory
from ops002.processes import describe

MIB = 1 << 20

_ANSWERS = "print('ready', flush=True)\nwhile line := input(): print(eval(line), flush=True)"


@contextmanager
def running(code: str) -> Iterator[tuple[Process, subprocess.Popen[str]]]:
    """A process that has run the code, said so, and waits to be asked."""
    with subprocess.Popen(
        [sys.executable, "-c", f"{code}\n{_ANSWERS}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as popen:
        try:
            assert popen.stdout is not None
            assert popen.stdout.readline() == "ready\n"
            process = describe(popen.pid)
            assert process is not None
            yield process, popen
        finally:
            popen.kill()


def ask(popen: subprocess.Popen[str], expression: str) -> str:
    """What an expression comes to in a process that is running."""
    assert popen.stdin is not None
    assert popen.stdout is not None
    popen.stdin.write(f"{expression}\n")
    popen.stdin.flush()
    return popen.stdout.readline().strip()


def read(probe: HostMemory, *processes: Process) -> int:
    (reading,) = probe.read(processes).readings
    assert isinstance(reading, Reading)
    return reading.bytes
