"""A check run: what a pull request's list of checks shows, and what a ruleset can require.

Made in progress before anything else, so that a gate that is killed is never a check that is
missing, or green from an earlier run. Facts: GitHub's OpenAPI description, "checks"; annotations
that are sent later are added to those that are there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol
from urllib.parse import quote

from ops002.github.api import Api
from ops002.github.exchange import GitHubFailed

PERMISSION: Final = "permissions:\n  contents: read\n  checks: write"
"""What a workflow or a job says, so that its token may write check runs."""

_MOST_BYTES: Final = 65535  # of a summary, a text, a message: GitHub counts bytes
_MOST_TITLE: Final = 255
_AT_ONCE: Final = 50
_PAGE: Final = 100
_MOST_PAGES: Final = 10  # GitHub keeps 1000 runs of one name
_CUT: Final = "\n... (cut: GitHub shows no more; the report has all of it)"
_IN_PROGRESS: Final = {"title": "in progress", "summary": "An inference is made to fail."}


class Annotation(Protocol):
    """A remark on lines of a file, which count from 1; ``level`` is GitHub's word."""

    @property
    def path(self) -> str: ...  # noqa: D102 (as GitHub names them)
    @property
    def start_line(self) -> int: ...  # noqa: D102
    @property
    def end_line(self) -> int: ...  # noqa: D102
    @property
    def level(self) -> str: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str: ...  # noqa: D102


class Output(Protocol):
    """What a check run shows: Markdown of any length."""

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def summary(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def annotations(self) -> Sequence[Annotation]: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which check run it is, before GitHub gives it a number: so that a killed step's is found.

    ``job`` is what the external ids of one attempt of a workflow's run have in common, and
    ``number`` tells its steps apart.
    """

    repository: str
    head_sha: str
    name: str
    job: str
    number: str

    @property
    def external_id(self) -> str:
        """The name that GitHub keeps for us."""
        return f"{self.job}/{self.number}"


class CheckRun:
    """One check run, from in progress to completed."""

    def __init__(self, api: Api, identity: Identity) -> None:
        self._api = api
        self._is = identity
        self._runs = f"/repos/{quote(identity.repository)}/check-runs"
        self._id: int | None = None

    def begin(self) -> None:
        """Have a new one in progress: it stands in for older ones of this name and commit.

        Raises:
            GitHubFailed: there is none now, or nobody knows.
        """
        self._id = self._make({"status": "in_progress", "output": _IN_PROGRESS})

    def complete(self, conclusion: str, output: Output) -> list[str]:
        """Complete it, or make one that is; what of it GitHub didn't take, in words.

        Raises:
            GitHubFailed: there is none that is completed, or nobody knows.
        """
        shown = {
            "title": cut(output.title, _MOST_TITLE),
            "summary": cut(output.summary),
            "text": cut(output.text),
        }
        done = {"status": "completed", "conclusion": conclusion, "output": shown}
        number = self._id or self._find()
        if number is None:
            number = self._id = self._make(done)
        else:
            self._change(number, done)
        # Afterwards: whatever GitHub has against one of them, the check is completed.
        return [
            said
            for batch in _batches(output.annotations)
            if (said := self._annotate(number, shown, batch))
        ]

    def fail_if_unfinished(self, output: Output) -> bool:
        """Fail what is still in progress; whether anything was.

        Raises:
            GitHubFailed: that isn't known, or can't be done.
        """
        left = [
            one
            for one in self._all()
            if one["external_id"] == self._is.external_id and one["status"] != "completed"
        ]
        for one in left:
            self._id = one["id"]
            self.complete("failure", output)
        return bool(left)

    def namesakes(self) -> bool:
        """Whether another step of this workflow's run has a check run of the same name.

        Of two, GitHub takes the newer one for the truth.

        Raises:
            GitHubFailed: that isn't known.
        """
        others = [str(one["external_id"]) for one in self._all()]
        return any(
            other.startswith(f"{self._is.job}/") and other != self._is.external_id
            for other in others
        )

    def _make(self, state: dict[str, Any]) -> int:
        body = {
            "name": self._is.name,
            "head_sha": self._is.head_sha,
            "external_id": self._is.external_id,
            **state,
        }
        try:
            made = self._api.send("POST", self._runs, body, repeat=False)
        except GitHubFailed as error:
            if not error.maybe_done:
                raise
            number = self._find()
            if number is not None:
                return number
            made = self._api.send("POST", self._runs, body, repeat=False)
        return _number(made)

    def _change(self, number: int, state: dict[str, Any]) -> None:
        self._api.send("PATCH", f"{self._runs}/{number}", state, repeat=True)

    def _annotate(
        self, number: int, shown: dict[str, str], batch: Sequence[Annotation]
    ) -> str | None:
        """Add annotations; what GitHub has against that, if it has."""
        body = {"output": {**shown, "annotations": [_document(one) for one in batch]}}
        try:
            # Never twice: they would be there twice.
            self._api.send("PATCH", f"{self._runs}/{number}", body, repeat=False)
        except GitHubFailed as error:
            return f"{len(batch)} annotations of the check aren't shown: {error}"
        return None

    def _find(self) -> int | None:
        """The number of ours, if GitHub has it."""
        ours = [one for one in self._all() if one["external_id"] == self._is.external_id]
        return max(map(_number, ours), default=None)

    def _all(self) -> list[dict[str, Any]]:
        """Every check run of this name and commit."""
        path = f"/repos/{quote(self._is.repository)}/commits/{self._is.head_sha}/check-runs"
        found: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            params = {
                "check_name": self._is.name,
                "filter": "all",
                "per_page": str(_PAGE),
                "page": str(page),
            }
            try:
                runs = self._api.get(path, params).json()["check_runs"]
                found += [
                    {key: one[key] for key in ("id", "external_id", "status")} for one in runs
                ]
            except (KeyError, TypeError):
                raise GitHubFailed("GitHub's answer isn't a list of check runs") from None
            if len(runs) < _PAGE:
                break
        return found


def cut(text: str, most: int = _MOST_BYTES) -> str:
    """A text of at most so many bytes of UTF-8; one that was longer says so."""
    data = text.replace("\0", "\\0").encode("utf-8", "backslashreplace")
    if len(data) <= most:
        return data.decode()
    note = _CUT if most > _MOST_TITLE else " ..."
    # Not in the middle of a character.
    return data[: most - len(note)].decode("utf-8", "ignore") + note


def _document(annotation: Annotation) -> dict[str, Any]:
    start = max(annotation.start_line, 1)
    return {
        "path": annotation.path,
        "start_line": start,
        "end_line": max(annotation.end_line, start),
        "annotation_level": annotation.level,
        "message": cut(annotation.message),
        "title": cut(annotation.title, _MOST_TITLE),
    }


def _batches(annotations: Sequence[Annotation]) -> Iterator[Sequence[Annotation]]:
    left = iter(annotations)
    while batch := list(islice(left, _AT_ONCE)):
        yield batch


def _number(made: Any) -> int:
    try:
        return int(made["id"])
    except (KeyError, TypeError, ValueError):
        raise GitHubFailed("GitHub's answer isn't a check run", maybe_done=True) from None
