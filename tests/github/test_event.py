"""Which commit a verdict belongs to: payloads of the shape that GitHub sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops002.github.event import Commits, commits
from ops002.github.facts import git_facts, handed_over
from tests.builders import made

RUNNERS, HEAD, BASE, MORE = ("0123456789abcdef" * 3)[:40], "a" * 40, "b" * 40, "c" * 40
REPOSITORY = {"id": 1, "full_name": "org/engine", "default_branch": "main"}
REQUEST = {
    "number": 7,
    "state": "open",
    "head": {"ref": "leak", "sha": HEAD, "repo": REPOSITORY},
    "base": {"ref": "main", "sha": BASE, "repo": REPOSITORY},
}
RUN = {
    "id": 30433642,
    "event": "pull_request",
    "head_branch": "leak",
    "head_sha": HEAD,
    "head_repository": REPOSITORY,
    # Of now: somebody may have pushed since the run was started.
    "pull_requests": [{"number": 7, "head": {"ref": "leak", "sha": MORE}, "base": {"sha": BASE}}],
}
GROUP = {
    "head_sha": RUNNERS,
    "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-" + BASE,
    "base_sha": BASE,
    "base_ref": "refs/heads/main",
}
ISSUE = {"number": 7, "title": "leaks"}


@pytest.mark.parametrize(
    ("name", "event", "head", "base"),
    [
        ("pull_request", {"action": "opened", "pull_request": REQUEST}, HEAD, BASE),
        ("pull_request_target", {"action": "opened", "pull_request": REQUEST}, HEAD, BASE),
        ("pull_request_review", {"review": {}, "pull_request": REQUEST}, HEAD, BASE),
        ("push", {"before": BASE, "after": RUNNERS, "ref": "refs/heads/main"}, RUNNERS, BASE),
        ("push", {"before": "0" * 40, "created": True}, RUNNERS, None),
        ("merge_group", {"action": "checks_requested", "merge_group": GROUP}, RUNNERS, BASE),
        ("workflow_run", {"action": "completed", "workflow_run": RUN}, HEAD, None),
        ("release", {"action": "published", "release": {"tag_name": "v1"}}, RUNNERS, None),
        ("workflow_dispatch", {"inputs": None, "ref": "refs/heads/main"}, RUNNERS, None),
        ("schedule", {"schedule": "0 3 * * *"}, RUNNERS, None),
        ("issue_comment", {"issue": ISSUE, "comment": {}}, RUNNERS, None),
        ("issue_comment", {"issue": {**ISSUE, "pull_request": {}}, "comment": {}}, None, None),
        ("pull_request", {"pull_request": {}}, None, None),
        ("pull_request", [], None, None),
        ("pull_request", {"pull_request": {"head": {"sha": "main"}, "base": {}}}, None, None),
        ("workflow_run", {}, None, None),
        ("merge_group", {}, RUNNERS, None),
        ("push", [], RUNNERS, None),
    ],
)
def test_commits_of_an_event(
    tmp_path: Path, name: str, event: Any, head: str | None, base: str | None
) -> None:
    (file := tmp_path / "event.json").write_text(json.dumps(event))
    environ = {
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_SHA": RUNNERS,
    }

    assert commits(environ) == Commits(tested=RUNNERS, head=head, base=base)


@pytest.mark.parametrize(("name", "head"), [("push", RUNNERS), ("pull_request", None), ("", None)])
def test_event_that_cant_be_read(name: str, head: str | None) -> None:
    sha = {"GITHUB_SHA": RUNNERS} if name else {"GITHUB_SHA": "HEAD"}

    found = commits({"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": "/nowhere", **sha})

    assert found.head == head
    assert found.base is None


def test_facts_are_those_that_the_action_hands_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate beside its container has no event."""
    monkeypatch.chdir(tmp_path)
    (file := tmp_path / "event.json").write_text(json.dumps({"pull_request": REQUEST}))
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_SHA": RUNNERS,
        "GITHUB_REPOSITORY": "org/engine",
    }
    facts = git_facts(environ)
    assert facts is not None
    assert (facts.tested_sha, facts.head_sha, facts.base_sha) == (RUNNERS, HEAD, BASE)

    sibling = {"GITHUB_ACTIONS": "true", **handed_over(facts)}

    assert git_facts(sibling) == facts
    assert git_facts({**environ, "OPS002_GIT": "{}"}) == facts
    assert git_facts({**sibling, "GITHUB_ACTIONS": ""}) is None


def test_facts_survive_being_handed_over() -> None:
    git = made().environment.git

    assert git_facts({"GITHUB_ACTIONS": "true", **handed_over(git)}) == git
