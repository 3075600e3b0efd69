"""One exchange with GitHub's server. The only room here that knows `requests`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase

from ops002 import __version__
from ops002.text import clean

JSON: Final = "application/vnd.github+json"
RAW: Final = "application/vnd.github.raw+json"
SHA: Final = "application/vnd.github.sha"

SECONDS: Final = 15.0
"""For one exchange; a server that drips has to be left by whoever waits for it."""
MOST_BYTES: Final = 8 << 20
_MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 307, 308})


class GitHubFailed(Exception):
    """GitHub didn't do what it was asked to; the message says why, and holds no token.

    ``status`` is HTTP's, None where nothing was answered. ``maybe_done``: it may have been done.
    """

    def __init__(self, why: str, status: int | None = None, *, maybe_done: bool = False) -> None:
        super().__init__(why)
        self.status = status
        self.maybe_done = maybe_done

    @property
    def forbidden(self) -> bool:
        """Whether the token lacks a permission; GitHub says "not found" to that, too."""
        return self.status in {401, 403, 404}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; ``path`` is below the API's address."""

    method: str
    path: str
    params: Mapping[str, str]
    body: Mapping[str, Any] | None
    accept: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub answered; the headers' names are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's value.

        Raises:
            GitHubFailed: it isn't JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # or JSON without end
            raise GitHubFailed("GitHub's answer isn't JSON", self.status) from None


def exchange(base: str, token: str, request: Request) -> Answer:
    """Ask, and take the answer; redirects within the same server are followed.

    The machine's proxy (HTTPS_PROXY, NO_PROXY) and authorities (REQUESTS_CA_BUNDLE, SSL_CERT_FILE)
    are used.

    Raises:
        GitHubFailed: it sends on to another server, or answers without end.
        OSError: the server can't be reached, or isn't who it should be.
        ValueError: its answer isn't HTTP's.
    """
    url = base + request.path
    for _ in range(_MOST_REDIRECTS):
        answer = _ask(url, token, request)
        to = answer.headers.get("location")
        if answer.status not in _REDIRECTS or to is None:
            return answer
        url = urljoin(url, to)
        if _server(url) != _server(base):
            raise GitHubFailed(
                f"GitHub sends on to {clean(url, 200)}: another server, which the token isn't for"
            )
    raise GitHubFailed("GitHub sends on and on")


def _ask(url: str, token: str, request: Request) -> Answer:
    headers = {
        "Accept": request.accept,
        "Content-Type": "application/json",
        "User-Agent": f"ops002/{__version__}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    with (
        requests.Session() as session,
        session.request(
            request.method,
            url,
            params=request.params,
            data=None if request.body is None else json.dumps(request.body).encode(),
            headers=headers,
            auth=_Bearer(token),
            timeout=SECONDS,
            allow_redirects=False,
            stream=True,
            verify=_authorities(),
        ) as response,
    ):
        return Answer(response.status_code, response.headers, _body(response))


class _Bearer(AuthBase):
    """The token, in such a way that requests doesn't put a .netrc's password in its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _authorities() -> str | bool:
    """The authorities to trust: requests knows its own variables, and not OpenSSL's."""
    if os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"):
        return True
    return os.environ.get("SSL_CERT_FILE") or True


def _body(response: requests.Response) -> bytes:
    kept = bytearray()
    for chunk in response.iter_content(64 << 10):
        kept += chunk
        if len(kept) > MOST_BYTES:
            raise GitHubFailed(f"GitHub's answer has over {MOST_BYTES >> 20} MiB")
    return bytes(kept)


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def what_it_says(answer: Answer) -> str:
    """What GitHub says of an error: one line."""
    try:
        said = answer.json()
        found = [said["message"], *(_of_one(one) for one in said.get("errors", ()))]
    except (GitHubFailed, KeyError, TypeError, AttributeError):
        found = [answer.body[:200].decode("utf-8", "replace")]
    status = f"{answer.status} {_PHRASES.get(answer.status, '')}".strip()
    return clean(f"GitHub answers {status}: {'; '.join(map(str, found))}", 500)


def _of_one(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    return " ".join(str(error[key]) for key in ("field", "message", "code") if key in error)


_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
