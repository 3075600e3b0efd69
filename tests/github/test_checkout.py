"""What is checked out, as actions/checkout leaves it; and what a verdict must not be shown at."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ops002.github.checkout import WrongCheckout, checked_out, refuse_other_commit
from ops002.github.facts import git_facts

HEAD = "a" * 40


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkout"
    ask(tmp_path, "init", "--quiet", "--initial-branch=release/v1.x", "checkout")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    ask(folder, *who, "commit", "--quiet", "--allow-empty", "--message=first")
    monkeypatch.chdir(folder)
    return folder


def ask(folder: Path, *words: str) -> str:
    line = ["git", *words]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=True).stdout


def event(checkout: Path, name: str, head: str = HEAD) -> dict[str, str]:
    said: dict[str, Any] = {
        "pull_request": {"head": {"sha": head}, "base": {"sha": "b" * 40}},
        "workflow_run": {"head_sha": head},
    }
    (file := checkout.parent / "event.json").write_text(json.dumps(said))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_SHA": ask(checkout, "rev-parse", "HEAD").strip(),
    }


@pytest.mark.parametrize("how", ["branch", "commit"])
def test_checkout_is_read_as_git_reads_it(checkout: Path, how: str) -> None:
    if how == "commit":
        ask(checkout, "checkout", "--quiet", "--detach")

    assert checked_out(checkout) == ask(checkout, "rev-parse", "HEAD").strip()


@pytest.mark.parametrize("head", ["", "ref: refs/heads/../../secret", "ref: /x", "main", "\0\xff"])
def test_what_is_no_checkout_is_not_known(checkout: Path, head: str) -> None:
    (checkout / ".git/secret").write_text(HEAD)
    (checkout / ".git/HEAD").write_text(head, "latin-1")

    assert checked_out(checkout) is None
    assert checked_out(checkout.parent) is None


@pytest.mark.parametrize("name", ["pull_request_target", "workflow_run"])
def test_verdict_on_the_base_is_not_shown_at_the_head(checkout: Path, name: str) -> None:
    """Or a pull request would be green of code that isn't its own."""
    with pytest.raises(WrongCheckout, match=r"nothing would be tested.*\.head.sha }}"):
        refuse_other_commit(event(checkout, name), checkout)


@pytest.mark.parametrize("name", ["pull_request", "push", "merge_group", "workflow_dispatch"])
def test_what_a_checkout_takes_by_default_is_right_elsewhere(checkout: Path, name: str) -> None:
    refuse_other_commit(event(checkout, name), checkout)


@pytest.mark.parametrize("name", ["pull_request_target", "workflow_run"])
def test_checkout_of_the_head_is_right(checkout: Path, name: str) -> None:
    there = ask(checkout, "rev-parse", "HEAD").strip()

    refuse_other_commit({**event(checkout, name), "GITHUB_SHA": HEAD}, checkout)
    refuse_other_commit(event(checkout, name, head=there), checkout)
    refuse_other_commit({}, checkout)


def test_report_names_the_commit_that_was_there(checkout: Path) -> None:
    environ = {**event(checkout, "pull_request"), "GITHUB_SHA": "c" * 40}

    facts = git_facts(environ)

    assert facts is not None
    assert facts.tested_sha == ask(checkout, "rev-parse", "HEAD").strip()
