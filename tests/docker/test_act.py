"""The action in workflows that ``act`` runs: not the runner, but another that reads ``action.yml``.

It mounts the workspace under the host's name if told to, and no folder for temporary files: hence
``--bind`` and ``report_dir``. On the host instead of in a job's container it loses every output.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.engine import ROOT, ask
from tests.docker.test_image import CLEAN, CONFIG, LEAKING

OWN_PROGRAMS = Path(sys.executable).parent
ACT = shutil.which("act", path=f"{OWN_PROGRAMS}{os.pathsep}{os.environ['PATH']}")
TOOLS = "act-toolcache"
SECONDS = 180
# Names of act's containers come from the workflow's: another one's run is not to be in the way.
WORKFLOW = f"""
name: ops002-{secrets.token_hex(6)}
on: push
jobs:
  memory:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
        with: {{persist-credentials: false}}
      - uses: ./action
        id: gate
        with: {{report_dir: report}}
      - if: always()
        run: echo told ${{{{ steps.gate.outputs.verdict }}}} ${{{{ steps.gate.outputs.reason }}}}
"""

pytestmark = pytest.mark.skipif(ACT is None, reason="there is no act: it is among the dev tools")


@pytest.fixture
def checkout(image: str, tmp_path: Path) -> Iterator[Path]:
    """A checkout with the action in it, whose image is the one already built."""
    source = (ROOT / "action.yml").read_text()
    action = source.replace("  image: Dockerfile\n", f"  image: docker://{image}\n")
    assert action != source
    for name, text in (
        ("action/action.yml", action),
        (".github/workflows/memory.yml", WORKFLOW),
        ("ops002.yml", CONFIG),
        ("engine.py", CLEAN),
    ):
        file = tmp_path / "checkout" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    there = TOOLS in ask("volume", "ls", "--quiet").split()
    yield tmp_path / "checkout"
    if not there:
        ask("volume", "rm", "--force", TOOLS)


def act(checkout: Path, job_image: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the workflow, with nothing of the user's settings and nothing from the network."""
    line = [str(ACT), "push", "--rm", "--pull=false", "--no-cache-server"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return subprocess.run(
        [*line, "-P", f"ubuntu-latest={job_image}", *options],
        cwd=checkout,
        env={**environ, "HOME": str(checkout.parent)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("source", "code", "told"),
    [(CLEAN, 0, "pass returned-to-baseline"), (LEAKING, 1, "fail leak")],
    ids=["clean", "leaking"],
)
def test_job_ends_as_the_gate_does(
    checkout: Path, workload_image: str, source: str, code: int, told: str
) -> None:
    (checkout / "engine.py").write_text(source)

    ended = act(checkout, workload_image, "--bind")

    assert ended.returncode == code, ended.stdout
    assert f"| told {told}\n" in ended.stdout
    assert ("::error" in ended.stdout) == (code == 1)
    assert (checkout / "report/ops002-report.json").is_file()
    assert ask("ps", "--all", "--quiet", "--filter", f"volume={checkout}") == ""


def test_workspace_in_a_volume_is_told(checkout: Path, workload_image: str) -> None:
    """What act does unless it is told to mount the workspace."""
    ended = act(checkout, workload_image)

    assert ended.returncode == 1
    assert "the workspace isn't a folder of the host" in ended.stdout, ended.stdout
    assert "| told inconclusive workload-failed\n" in ended.stdout


def test_own_workflow_finds_the_gate_as_it_must_be(checkout: Path, workload_image: str) -> None:
    """A clean engine, one that leaks, and a scenario that isn't there."""
    (checkout / ".github/workflows/memory.yml").unlink()
    own = (ROOT / ".github/workflows/self-test.yml").read_text()
    own = own.replace("ubuntu-24.04", "ubuntu-latest").replace("uses: ./ ", "uses: ./action ")
    (checkout / ".github/workflows/self-test.yml").write_text(own)
    shutil.copytree(ROOT / "examples/self-test", checkout / "examples/self-test")

    ended = act(checkout, workload_image, "--bind")

    assert ended.returncode == 0, ended.stdout
    for seen in (
        "success pass returned-to-baseline",
        "failure fail leak",
        "failure inconclusive config-error",
    ):
        assert f"| seen: {seen}\n" in ended.stdout
