"""The check run and the gate's files from another ref, as a runner starts the action."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import wait_for
from tests.docker.engine import ask
from tests.docker.runner import TOKEN, Step
from tests.docker.test_image import CLEAN, CONFIG, LEAKING
from tests.github import fake
from tests.github.fake import FakeGitHub, Trouble, fake_github, hangs

HEAD, BASE, MAIN = "a" * 40, "b" * 40, "c" * 40
MERGE = "0123456789abcdef0123456789abcdef01234567"
OURS = {"full_name": "org/engine"}
REQUEST = {"head": {"sha": HEAD, "repo": OURS}, "base": {"sha": BASE, "repo": OURS}}


@pytest.fixture
def github(image: str) -> Iterator[FakeGitHub]:
    """Where containers reach it; ``image`` skips where there is no engine."""
    del image
    (bridge,) = json.loads(ask("network", "inspect", "bridge"))
    assert fake.TOKEN == TOKEN
    with fake_github(bridge["IPAM"]["Config"][0]["Gateway"]) as made:
        made.refs["main"] = MAIN
        made.parents[MERGE] = [BASE, HEAD]
        for ref in (MAIN, BASE):
            made.files["ops002.yml", ref] = CONFIG.encode()
            made.files["engine.py", ref] = LEAKING.encode()
        yield made


@pytest.fixture
def step(image: str, tmp_path: Path, github: FakeGitHub) -> Step:
    """A step for a pull request that makes its engine look clean."""
    made = Step(tmp_path, image)
    made.environ["GITHUB_API_URL"] = github.address
    made.write_event("pull_request", {"pull_request": REQUEST})
    (made.workspace / "ops002.yml").write_text(CONFIG)
    (made.workspace / "engine.py").write_text(CLEAN)
    return made


def git_facts(step: Step) -> dict[str, Any]:
    report = json.loads(Path(step.outputs()["report_path"]).read_text())
    found: dict[str, Any] = report["environment"]["git"]
    return found


def test_pull_request_gets_its_verdict_where_it_is_seen(step: Step, github: FakeGitHub) -> None:
    out, err = (started := step.start()).communicate(timeout=180)

    assert started.returncode == 0, out + err
    (run,) = github.runs
    assert (run["head_sha"], run["status"], run["conclusion"]) == (HEAD, "completed", "success")
    assert "PASS" in run["output"]["title"]
    facts = git_facts(step)
    assert (facts["tested_sha"], facts["head_sha"], facts["base_sha"]) == (MERGE, HEAD, BASE)
    assert facts["gate_changes"] == ["engine.py"]
    assert step.saved_states()["check"] == ""


@pytest.mark.parametrize(
    ("name", "event", "head"),
    [
        ("push", {"before": BASE}, MERGE),
        ("merge_group", {"merge_group": {"head_sha": MERGE, "base_sha": BASE}}, MERGE),
        ("release", {"release": {"tag_name": "v1"}}, MERGE),
        ("workflow_dispatch", {"inputs": None}, MERGE),
        ("pull_request_target", {"pull_request": REQUEST}, HEAD),
        (
            "workflow_run",
            {"workflow_run": {"head_sha": HEAD, "head_repository": OURS}, "repository": OURS},
            HEAD,
        ),
    ],
)
def test_every_event_has_its_commit(
    step: Step, github: FakeGitHub, name: str, event: dict[str, Any], head: str
) -> None:
    step.write_event(name, event)
    step.with_socket = False  # soon over

    started = step.start()
    out, err = started.communicate(timeout=120)

    assert started.returncode == 3, out + err
    assert [(run["head_sha"], run["conclusion"]) for run in github.runs] == [(head, "failure")]


def test_gate_of_another_ref_is_the_one_that_is_used(step: Step, github: FakeGitHub) -> None:
    """The pull request's own engine is clean, main's leaks; and its config is no config."""
    (step.workspace / "ops002.yml").write_text("none of mine")
    step.inputs["config_ref"] = "main"
    before = {file.name: file.read_bytes() for file in step.workspace.iterdir()}

    out, err = (started := step.start()).communicate(timeout=180)

    assert started.returncode == 1, out + err
    assert step.outputs()["reason"] == "leak"
    assert github.made() == [("completed", "failure")]
    facts = git_facts(step)
    assert facts["config_ref"] == f"main ({MAIN})"
    assert facts["gate_changes"] == []
    assert {file.name: file.read_bytes() for file in step.workspace.iterdir()} == before
    assert [one.name for one in (step.work / "_temp").glob("ops002-gate-*")] == []
    assert step.left() == []


def test_gate_that_cant_be_had_is_refused(step: Step, github: FakeGitHub) -> None:
    step.inputs["config_ref"] = "main"
    del github.files["engine.py", MAIN]

    out, _ = (started := step.start()).communicate(timeout=120)

    assert started.returncode == 2
    assert "config_ref main: ops002.yml names engine.py, which isn't there" in out
    assert github.made() == [("completed", "failure")]


def test_trusted_config_cant_name_the_checkouts_file_by_its_whole_path(
    step: Step, github: FakeGitHub
) -> None:
    whole = CONFIG.replace("engine.py", f"{step.workspace}/engine.py")
    github.files["ops002.yml", MAIN] = whole.encode()
    step.inputs["config_ref"] = "main"

    out, _ = (started := step.start()).communicate(timeout=180)

    assert started.returncode == 3, out
    assert "by its path in the repository" in out
    assert github.made() == [("completed", "failure")]


def test_cancelled_it_is_completed(step: Step, github: FakeGitHub) -> None:
    (step.workspace / "engine.py").write_text(LEAKING)
    (step.workspace / "ops002.yml").write_text(CONFIG.replace("timeout: 2s", "timeout: 60s"))
    started = step.start()
    wait_for(lambda: step.left()[1:], 120)

    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=60)

    assert started.returncode == 130, out + err
    assert github.made() == [("completed", "failure")], out + err


@pytest.mark.parametrize("moment", ["while it is made", "while it is measured"])
def test_killed_it_is_completed_after_the_job(step: Step, github: FakeGitHub, moment: str) -> None:
    """The runner's last resort."""
    made = moment == "while it is made"
    if made:
        github.troubles[:] = [Trouble(how=hangs, after=True)]
    started = step.start()
    wait_for(lambda: github.runs if made else step.left()[1:], 120)
    started.kill()
    started.communicate()
    ask("rm", "--force", *ask("ps", "--quiet", "--filter", f"label={step.label}").split())
    assert github.made() == [("in_progress", None)]

    swept = step.after_the_job()

    assert swept.returncode == 0, swept.stderr
    assert github.made() == [("completed", "failure")]
    assert step.left() == []
