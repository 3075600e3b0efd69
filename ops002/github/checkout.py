"""What is checked out: an action's container has no git to ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ops002.github.event import as_sha, commits

_REF: Final = "ref: "
_BRANCH: Final = re.compile(r"refs/heads(/[\w+-][\w+.-]*)+", re.ASCII)
_ANOTHER_COMMITS: Final = ("pull_request_target", "workflow_run")
"""The events whose verdict belongs to one commit, while a checkout takes another by default."""


class WrongCheckout(Exception):
    """The checkout isn't what the event's verdict would be about."""

    def __init__(self, event: str, there: str, head: str) -> None:
        field = "pull_request.head.sha" if event.startswith("pull") else f"{event}.head_sha"
        why = (
            f"on {event} a checkout takes the default or base branch ({there[:12]}), and the "
            f"verdict would be shown at {head[:12]}, of which nothing would be tested; run the "
            "gate on pull_request, or give the checkout "
            f"ref: ${{{{ github.event.{field} }}}}"
        )
        super().__init__(why)
        self.lines = (why,)


def checked_out(folder: Path) -> str | None:
    """The commit that a folder's checkout is at; None where that isn't known.

    As actions/checkout leaves it: at a commit, or at a branch that it has just written.
    """
    git = folder / ".git"
    try:
        at = (git / "HEAD").read_text("ascii").strip()
        if at.startswith(_REF) and _BRANCH.fullmatch(at.removeprefix(_REF)):
            at = (git / at.removeprefix(_REF)).read_text("ascii").strip()
    except (OSError, ValueError):
        return None
    return as_sha(at)


def refuse_other_commit(environ: Mapping[str, str], folder: Path) -> None:
    """Raises `WrongCheckout` if the event is about a commit that the checkout passes by."""
    name, found, there = environ.get("GITHUB_EVENT_NAME", ""), commits(environ), checked_out(folder)
    default = there is not None and there == found.tested != found.head
    if default and found.head is not None and name in _ANOTHER_COMMITS:
        raise WrongCheckout(name, str(there), found.head)
