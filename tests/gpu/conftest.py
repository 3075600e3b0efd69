"""The GPU that is there, or why none is; and a table of what was seen on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from ops002.probes.cards import Sample
from ops002.probes.cuda_selection import NoSuchDevice, select
from ops002.probes.nvml import Nvml, NvmlError
from tests.command_line import wait_for

_TORCH: Final = "import torch; print(torch.__version__, torch.cuda.is_available())"
_REST_SECONDS: Final = 2.0
_STEP_SECONDS: Final = 0.05
_PATIENCE: Final = 60.0
_STILL: Final = 4 << 20
_SEEN: Final = pytest.StashKey[list[str]]()


@dataclass(frozen=True)
class Gpu:
    """The first GPU that CUDA would show, and a Python whose torch can use it."""

    nvml: Nvml
    uuid: str
    python: str
    words: str

    def sample(self) -> Sample:
        """What the driver says of it now."""
        return self.nvml.sample(self.uuid)

    def used(self) -> int:
        """Bytes in use."""
        used = self.sample().used_bytes
        assert used is not None
        return used

    def moves_by(self, seconds: float) -> int:
        """Bytes between the most and the least in use, over so many seconds from now."""
        sizes = [self.used()]
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(_STEP_SECONDS)
            sizes.append(self.used())
        return max(sizes) - min(sizes)

    def of(self, pid: int) -> int | None:
        """Bytes of a process, by the driver's list; None where it doesn't tell."""
        return next((one.bytes for one in self.sample().tenants or () if one.pid == pid), None)


@pytest.fixture(scope="session")
def gpu() -> Gpu:
    try:
        nvml = Nvml()
        driver = nvml.driver()
        card = select("cuda", driver.cards, os.environ)[0].card
    except (NvmlError, NoSuchDevice) as why:
        pytest.skip(f"no GPU: {why}")
    python = _python()
    asked = subprocess.run([python, "-c", _TORCH], capture_output=True, text=True, check=False)
    version, _, usable = asked.stdout.strip().rpartition(" ")
    if usable != "True":
        pytest.skip(
            f"no torch with CUDA in {python} ({version or 'no torch at all'}): name a Python that "
            "has one, make test-gpu TORCH_PYTHON=..."
        )
    words = f"{card.name}, driver {driver.version}, torch {version}"
    return Gpu(nvml, card.uuid, python, words)


def _python() -> str:
    """The Python of ``TORCH_PYTHON``, by its whole path; else the one that runs the tests."""
    given = os.environ.get("TORCH_PYTHON") or sys.executable
    found = shutil.which(given)
    assert found is not None, f"TORCH_PYTHON: there is no {given}"
    return str(Path(found).absolute())


@pytest.fixture(autouse=True)
def _at_rest(gpu: Gpu) -> None:
    """Whatever ran before is gone from the GPU: its memory held still for a while."""
    wait_for(lambda: gpu.moves_by(_REST_SECONDS) <= _STILL, _PATIENCE)


@pytest.fixture
def saw(gpu: Gpu, pytestconfig: pytest.Config) -> Callable[[str, str], None]:
    """Notes what was seen, for the table at the end."""

    def note(what: str, seen: str) -> None:
        lines = pytestconfig.stash.setdefault(_SEEN, [])
        lines.append(f"| {gpu.words} | {what} | {seen} |")

    return note


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The table, as `docs/gpu-acceptance.md` has it; and how many tests found no GPU, and why."""
    for line in config.stash.get(_SEEN, []):
        terminalreporter.write_line(line)
    reasons: dict[str, int] = {}
    for report in terminalreporter.getreports("skipped"):
        if "gpu" in report.keywords and isinstance(report.longrepr, tuple):
            why = str(report.longrepr[2]).removeprefix("Skipped: ")
            reasons[why] = reasons.get(why, 0) + 1
    for why, count in reasons.items():
        terminalreporter.write_line(f"{count} tests skipped: {why}")
