"""What a report says of the commit, where a runner tells of it.

The gate beside an action's container has no event: it is handed what the action has read of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from ops002.github.checkout import checked_out
from ops002.github.event import commits
from ops002.result import GitFacts
from ops002.text import clean

_HANDED_OVER: Final = "OPS002_GIT"
_ADAPTER: Final = TypeAdapter(GitFacts)


def git_facts(environ: Mapping[str, str]) -> GitFacts | None:
    """The facts as the action handed them over, else as the runner tells them; None elsewhere."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    try:
        return _ADAPTER.validate_json(environ[_HANDED_OVER], strict=True)
    except (KeyError, ValidationError):
        return _of_runner(environ)


def handed_over(facts: GitFacts) -> dict[str, str]:
    """The environment by which another process of this job finds the same facts."""
    return {_HANDED_OVER: _ADAPTER.dump_json(facts).decode()}


def _of_runner(environ: Mapping[str, str]) -> GitFacts:
    server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
    run = environ.get("GITHUB_RUN_ID")
    ref = environ.get("GITHUB_REF")
    known = server and repository and run
    found = commits(environ)
    return GitFacts(
        repository=repository,
        tested_sha=checked_out(Path.cwd()) or found.tested,
        head_sha=found.head,
        base_sha=found.base,
        ref=None if ref is None else clean(ref),
        run_url=f"{server}/{repository}/actions/runs/{run}" if known else None,
        config_ref=None,
        gate_changes=None,
    )
