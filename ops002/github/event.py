"""The event that a workflow runs for: whose code it is, and which commits it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_OF_PULL_REQUESTS: Final = ("pull_request", "workflow_run", "issue_comment")
"""How the events begin that can be a fork's, or be about one's pull request."""

_UNTOLD: Final = "a repository that a comment's event doesn't name"

_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NO_COMMIT: Final = re.compile(r"0+")  # a push that makes a branch has nothing before it


class Fork(Exception):
    """A pull request from a fork, which isn't allowed to run here."""

    def __init__(self, head: str) -> None:
        why = (
            f"this pull request comes from {head}: a fork's code would run on your own runner. "
            "Allow it with allow_fork: true, if whoever may open one may use that machine"
        )
        super().__init__(why)
        self.lines = (why,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commits:
    """Which commits an event is about; None where it doesn't say.

    ``tested`` is what a checkout has by default, ``head`` the one that a verdict belongs to (GitHub
    shows it there), ``base`` what its changes are made to.
    """

    tested: str | None
    head: str | None
    base: str | None


def refuse_fork(environ: Mapping[str, str], *, allowed: bool) -> None:
    """Raises `Fork` if the event may be one of another repository, and that isn't allowed.

    An event that can't be read counts as one: nobody knows whose code it is. So does a comment on a
    pull request: its event doesn't say where that comes from, and workflows check it out.
    """
    name = environ.get("GITHUB_EVENT_NAME", "")
    if allowed or not name.startswith(_OF_PULL_REQUESTS):
        return
    try:
        head, base = _sides(name, _read(environ))
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise Fork(f"nobody knows where (the event can't be read: {error})") from None
    if head != base:
        raise Fork(head)


def commits(environ: Mapping[str, str]) -> Commits:
    """The commits of the event that the runner tells of.

    Sources: "Events that trigger workflows" and "Webhook events and payloads", docs.github.com. A
    workflow_run's head is the commit that the run was for, not the pull request's newest: a verdict
    on that would be about a commit that nobody tested. A comment's event names no commit.
    """
    name = environ.get("GITHUB_EVENT_NAME", "")
    tested = as_sha(environ.get("GITHUB_SHA"))
    try:
        head, base = _ends(name, _read(environ), tested)
    except (KeyError, OSError, TypeError, ValueError):
        # Of these GITHUB_SHA is a commit that isn't the pull request's.
        head, base = (None if name.startswith(_OF_PULL_REQUESTS) else tested), None
    return Commits(tested=tested, head=as_sha(head), base=as_sha(base))


def as_sha(value: object) -> str | None:
    """A commit's name, if it is one."""
    known = isinstance(value, str) and _SHA.fullmatch(value) and not _NO_COMMIT.fullmatch(value)
    return str(value) if known else None


def _ends(name: str, event: Any, tested: str | None) -> tuple[object, object]:
    """The head and the base that an event is about."""
    if name.startswith("pull_request"):
        request = event["pull_request"]
        return request["head"]["sha"], request["base"]["sha"]
    match name:
        case "workflow_run":
            return event[name]["head_sha"], None
        case "merge_group":
            return event[name]["head_sha"], event[name]["base_sha"]
        case "issue_comment" if "pull_request" in event["issue"]:
            return None, None
        case "push":
            return tested, event["before"]
        case _:
            return tested, None


def _read(environ: Mapping[str, str]) -> Any:
    return json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))


def _sides(name: str, event: Any) -> tuple[str, str]:
    """The repository that the code comes from, and the one that it is for."""
    if name == "issue_comment":
        return (_UNTOLD if "pull_request" in event["issue"] else ""), ""
    if name == "workflow_run":
        return _full_name(event[name]["head_repository"]), _full_name(event["repository"])
    request = event["pull_request"]
    return _full_name(request["head"]["repo"]), _full_name(request["base"]["repo"])


def _full_name(repository: Any) -> str:
    return str(repository["full_name"])
