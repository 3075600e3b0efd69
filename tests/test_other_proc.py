"""A gate that can't see itself in /proc can't see a workload either: it proves nothing."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import Ended, command, environment, ops002, read_report, works

OTHERS = ("unshare", "--map-root-user", "--pid", "--fork", "sh", "-c", "true")
NONE = ("unshare", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs ops002-test /proc")
EITHER = pytest.mark.parametrize("there", [OTHERS, NONE], ids=["of others", "of nobody"])

CONFIG = """
version: 1
device: cpu
scenarios:
  - name: one
    workload: {kind: python, file: scenario.py}
    faults: [{kind: call, expect: {match: boom}}]
"""


def apart(there: tuple[str, ...], line: str, folder: Path) -> Ended:
    """What a shell's line comes to where /proc is another's, or nobody's."""
    *unshare, prepare = there
    if not works(*unshare, prepare):
        pytest.skip("this machine lets us have no namespaces of our own")
    done = subprocess.run(
        [*unshare, f"{prepare} && {line}"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@EITHER
def test_a_run_ends_red_with_a_report(tmp_path: Path, there: tuple[str, ...]) -> None:
    (tmp_path / "scenario.py").write_text("def load(device): open('loaded', 'w')\n")
    (tmp_path / "ops002.yml").write_text(CONFIG)

    run = apart(there, shlex.join(command("run")), tmp_path)

    assert run.code == 3, run.err
    assert "INCONCLUSIVE no-reading: /proc doesn't show the gate itself" in run.out
    assert "mount the one of this PID namespace" in run.out
    assert "defect" not in run.out + run.err
    assert not (tmp_path / "loaded").exists()
    report = read_report(tmp_path / "ops002-report")
    assert (report["outcome"], report["reason"], report["exit_code"]) == (
        "inconclusive",
        "no-reading",
        3,
    )
    assert ops002("judge", tmp_path / "ops002-report" / "ops002-report.json").code == 3


@EITHER
def test_a_self_test_plants_nothing(tmp_path: Path, there: tuple[str, ...]) -> None:
    selftest = apart(there, shlex.join(command("selftest")), tmp_path)

    assert selftest.code == 3, selftest.err
    assert selftest.out == ""
    assert selftest.err.startswith("/proc doesn't show the gate itself")


START = """
from pathlib import Path
from ops002.executors import Launch
from ops002.executors.local import LocalExecutor
from ops002.process_table import NotShown
try:
    LocalExecutor({}).start(Launch(argv=("touch", "started"), env={}, cwd=".", output=Path("out")))
except NotShown:
    print("refused")
"""


def test_nothing_is_started_there(tmp_path: Path) -> None:
    code = shlex.join([sys.executable, "-c", START])
    started = apart(OTHERS, code, tmp_path)
    assert started.out == "refused\n", started.err
    assert list(tmp_path.iterdir()) == []
