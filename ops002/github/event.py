"""The event that a workflow runs for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_OF_PULL_REQUESTS: Final = ("pull_request", "workflow_run", "issue_comment")
"""How the events begin that can be a fork's, or be about one's pull request."""

_UNTOLD: Final = "a repository that a comment's event doesn't name"


class Fork(Exception):
    """A pull request from a fork, which isn't allowed to run here."""

    def __init__(self, head: str) -> None:
        why = (
            f"this pull request comes from {head}: a fork's code would run on your own runner. "
            "Allow it with allow_fork: true, if whoever may open one may use that machine"
        )
        super().__init__(why)
        self.lines = (why,)


def refuse_fork(environ: Mapping[str, str], *, allowed: bool) -> None:
    """Raises `Fork` if the event may be one of another repository, and that isn't allowed.

    An event that can't be read counts as one: nobody knows whose code it is. So does a comment on a
    pull request: its event doesn't say where that comes from, and workflows check it out.
    """
    name = environ.get("GITHUB_EVENT_NAME", "")
    if allowed or not name.startswith(_OF_PULL_REQUESTS):
        return
    try:
        event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
        head, base = _sides(name, event)
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise Fork(f"nobody knows where (the event can't be read: {error})") from None
    if head != base:
        raise Fork(head)


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
