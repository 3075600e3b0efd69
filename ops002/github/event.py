"""The event that a workflow runs for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Fork(Exception):
    """A pull request from a fork, which isn't allowed to run here."""

    def __init__(self, head: str) -> None:
        why = (
            f"this pull request comes from {head}, a fork: its code would run on your own runner. "
            "Allow it with allow_fork: true, if whoever may open one may use that machine"
        )
        super().__init__(why)
        self.lines = (why,)


def refuse_fork(environ: Mapping[str, str], *, allowed: bool) -> None:
    """Raises `Fork` if the event is a pull request of another repository, and that isn't allowed.

    An event that can't be read counts as one: nobody knows whose code it is.
    """
    if allowed or not environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
        return
    try:
        event = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
        head, base = (_repository(event, side) for side in ("head", "base"))
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise Fork(f"nobody knows where (the event can't be read: {error})") from None
    if head != base:
        raise Fork(head)


def _repository(event: Any, side: str) -> str:
    return str(event["pull_request"][side]["repo"]["full_name"])
