"""Files of a repository at a ref, and what a merge was made onto."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from ops002.github.api import Api
from ops002.github.event import as_sha
from ops002.github.exchange import RAW, SHA, GitHubFailed

PERMISSION: Final = "permissions:\n  contents: read"
"""What a workflow or a job says, so that its token may read files."""


def file_at(api: Api, repository: str, path: str, ref: str) -> bytes | None:
    """What a file held at a branch, tag or commit; None if GitHub knows no such file.

    Raises:
        GitHubFailed: it isn't a file, or can't be had.
    """
    place = f"/repos/{quote(repository)}/contents/{quote(path)}"
    try:
        answer = api.get(place, {"ref": ref}, RAW)
    except GitHubFailed as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    # Of folders GitHub gives a list, whatever it is asked for.
    if "raw" not in answer.headers.get("content-type", ""):
        raise GitHubFailed(f"{path} at {ref} is no file")
    return answer.body


def commit_at(api: Api, repository: str, ref: str) -> str:
    """The commit that a branch, tag or commit is now.

    Raises:
        GitHubFailed: there is no such one, or it can't be had.
    """
    answer = api.get(f"/repos/{quote(repository)}/commits/{quote(ref)}", accept=SHA)
    sha = as_sha(answer.body.decode("ascii", "replace").strip())
    if sha is None:
        raise GitHubFailed(f"GitHub's answer isn't the commit at {ref}")
    return sha


def parents(api: Api, repository: str, sha: str) -> tuple[str, ...]:
    """The commits that a commit was made onto; of a merge the one merged into comes first.

    Raises:
        GitHubFailed: it isn't known.
    """
    found = api.get(f"/repos/{quote(repository)}/git/commits/{quote(sha)}").json()
    try:
        return tuple(str(one["sha"]) for one in found["parents"])
    except (KeyError, TypeError):
        raise GitHubFailed("GitHub's answer isn't a commit") from None
