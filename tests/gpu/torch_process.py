"""A process with torch in it that does what it is told: what it holds is looked at from outside."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.command_line import ROOT, environment

_SERVES = """
import sys
names = {}
for line in sys.stdin:
    exec(line, names)
    print("done", flush=True)
"""


@dataclass(frozen=True)
class TorchProcess:
    """One of them, until the block ends that it was started for."""

    popen: subprocess.Popen[str]

    def do(self, statements: str) -> None:
        """Have it carry out one line of Python."""
        assert self.popen.stdin is not None
        assert self.popen.stdout is not None
        self.popen.stdin.write(f"{statements}\n")
        self.popen.stdin.flush()
        line = self.popen.stdout.readline()
        assert line == "done\n", f"it ended at: {statements}"

    def kill(self) -> None:
        """End it at once, and see that it has ended."""
        self.popen.kill()
        self.popen.wait()


@contextmanager
def torch_process(python: str) -> Iterator[TorchProcess]:
    """A process that has imported torch and hasn't touched a GPU."""
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with subprocess.Popen(
        [python, "-c", _SERVES],
        env=environment(PYTHONPATH=paths),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as popen:
        try:
            process = TorchProcess(popen)
            process.do("import torch; from ops002.agents.worker import quiesce")
            yield process
        finally:
            popen.kill()
