"""What a step says, as a runner starts it: in which order, and what where something breaks."""

from __future__ import annotations

import re
import time
from html import unescape
from pathlib import Path

import pytest

from tests.docker.engine import ask
from tests.docker.runner import Step
from tests.docker.test_image import CLEAN, CONFIG, LEAKING
from tests.reporters.poison import ATTACKS
from tests.runners_log import MATCHERS, read_log

SITE = "import ops002; print(ops002.__path__[0])"
HOSTILE = f"""
import sys
KEPT = []
ATTACKS = {ATTACKS!r}
def load(device): return "model"
def infer(model): return len(b"x" * (100 << 20))
def fail(model):
    for attack in ATTACKS:
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="replace")
            print(attack, file=stream, flush=True)
    sys.stdout.write("no newline at its end")
    KEPT.append(b"x" * (200 << 20))
    raise RuntimeError("boom" + "\\n".join(ATTACKS[:8]))
"""


@pytest.fixture
def step(image: str, tmp_path: Path) -> Step:
    """A step on a checkout with a clean engine."""
    made = Step(tmp_path, image)
    (made.workspace / "ops002.yml").write_text(CONFIG)
    (made.workspace / "engine.py").write_text(CLEAN)
    return made


def test_words_of_the_workload_come_last_and_are_no_commands(step: Step) -> None:
    (step.workspace / "engine.py").write_text(HOSTILE)

    out, err = (started := step.start()).communicate(timeout=120)

    read = read_log(out)
    (verdict,) = read.commands
    assert started.returncode == 1, out + err
    assert (read.stopped, verdict.name, verdict.data[:10]) == (False, "error", "FAIL leak:")
    assert out.index("::error ") < out.index("the last of its output:")
    for line in read.shown:
        assert not any(re.search(one, line) for one in MATCHERS.values()), line
    assert "<script>" not in step.summary().replace("| ", "")  # in a block, or not at all
    assert read_log(err).commands == []


def test_what_does_not_gate_is_green_and_says_so(step: Step) -> None:
    (step.workspace / "engine.py").write_text(LEAKING)
    step.inputs["mode"] = "report"

    out, err = (started := step.start()).communicate(timeout=120)

    (verdict,) = read_log(out).annotations()
    assert started.returncode == 0, out + err
    assert step.outputs()["verdict"] == "fail"
    assert (verdict.name, "does not gate" in verdict.properties["title"]) == ("warning", True)
    assert "does not gate" in step.summary()


def test_a_gate_that_is_killed_leaves_no_verdict(step: Step) -> None:
    """As the kernel does where memory runs out."""
    (step.workspace / "ops002.yml").write_text(CONFIG.replace("timeout: 2s", "timeout: 60s"))
    (step.workspace / "engine.py").write_text(LEAKING)
    started = step.start()
    while not (step.work / "_temp/_runner_file_commands/save_state").exists():
        time.sleep(0.05)
    gate = ""
    while not gate:
        label = f"label=ops002.run={step.saved_states()['run']}"
        gate = ask("ps", "--quiet", "--filter", label, "--filter", "label=ops002.action").strip()
    ask("kill", *gate.split())

    out, err = started.communicate(timeout=120)

    (verdict,) = read_log(out).annotations()
    assert started.returncode == 3, out + err
    assert "exit code 137 and left no report" in verdict.data
    assert step.outputs()["verdict"] == "inconclusive"
    assert unescape(step.summary()).startswith("## ⚠️ INCONCLUSIVE workload-failed")


@pytest.mark.parametrize("view", ["summary", "annotations", "check_run", "console", "junit"])
def test_a_view_that_breaks_is_red(step: Step, view: str) -> None:
    site = ask("run", "--rm", "--entrypoint", "/opt/ops002/bin/python3", step.image, "-c", SITE)
    folder = f"{site.strip()}/reporters"
    source = Path(__file__).parents[2] / f"ops002/reporters/{view}.py"
    broken = source.read_text() + "\n\ndef render(*_, **__):\n    raise ValueError('broken')\n"
    (step.work / f"{view}.py").write_text(broken)
    # The image's byte code isn't compared with its source.
    step.options = (
        *("-v", f"{step.work / view}.py:{folder}/{view}.py:ro"),
        *("--tmpfs", f"{folder}/__pycache__"),
    )

    out, err = (started := step.start()).communicate(timeout=120)

    told = read_log(out).annotations()
    assert started.returncode == 70, out + err
    # Of the annotations the check run has some: then there are two views that can't be made.
    assert {one.name for one in told} == {"error"}
    assert all("ValueError: broken" in one.data for one in told)
    outputs = step.outputs()
    assert (outputs["verdict"], outputs["reason"]) == ("inconclusive", "internal-error")
    assert "PASS" not in out + step.summary()


def test_a_summary_that_cant_be_written_changes_no_verdict(step: Step) -> None:
    step.environ["GITHUB_STEP_SUMMARY"] = "/no/such/folder/summary"

    out, err = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 0, out + err
    assert "the summary can't be written" in out
    assert step.outputs()["verdict"] == "pass"
