"""GitHub's REST API, as the action asks it, with patience that ends.

Whatever GitHub does, it costs a run at most so many seconds in all: a server that hangs or drips is
left alone. Rules of waiting: "Rate limits for the REST API", docs.github.com.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final
from urllib.parse import urlsplit

from ops002.github.exchange import (
    JSON,
    SECONDS,
    Answer,
    GitHubFailed,
    Request,
    exchange,
    what_it_says,
)
from ops002.text import clean

TOTAL_SECONDS: Final = 60.0
"""For everything that a run asks of GitHub, pauses included."""
_PAUSES: Final = (1.0, 3.0, 9.0)
_LIMITED_SECONDS: Final = 60.0
"""Where GitHub names no time: at least a minute."""
_SLICE_SECONDS: Final = 0.1
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
_OK: Final = range(200, 300)
_ITS_FAULT: Final = range(500, 600)
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class Time:
    """A clock in seconds, one in seconds since 1970, and how to wait."""

    now: Callable[[], float] = time.monotonic
    since_1970: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Api:
    """One GitHub, and a token for it."""

    def __init__(
        self, base: str, token: str, passing: Time | None = None, seconds: float = TOTAL_SECONDS
    ) -> None:
        """``base`` is GITHUB_API_URL; ``seconds`` are those for everything.

        Raises:
            GitHubFailed: that is no address, or no token.
        """
        try:
            parts = urlsplit(base)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise GitHubFailed(f"GITHUB_API_URL isn't an address: {clean(base, 200)!r}")
        if not _TOKEN.fullmatch(token):
            raise GitHubFailed("the input token isn't one: it has spaces or line ends in it")
        self._base = base.rstrip("/")
        self._token = token
        self._time = passing or Time()
        self._left = seconds

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """Let everything inside have no more than so many of the seconds that are left."""
        given = min(seconds, self._left)
        kept, self._left = self._left - given, given
        try:
            yield
        finally:
            self._left += kept

    def get(self, path: str, params: Mapping[str, str] | None = None, accept: str = JSON) -> Answer:
        """Ask for something.

        Raises:
            GitHubFailed: it isn't given.
        """
        return self._ask(Request("GET", path, params or {}, None, accept), repeat=True)

    def send(self, method: str, path: str, body: Mapping[str, Any], *, repeat: bool) -> Any:
        """Have something made or changed; the answer's JSON.

        With ``repeat`` also where it may have been done already, and nobody knows.

        Raises:
            GitHubFailed: it wasn't, or nobody knows (``maybe_done``).
        """
        return self._ask(Request(method, path, {}, body, JSON), repeat=repeat).json()

    def _ask(self, request: Request, *, repeat: bool) -> Answer:
        for pause in (*_PAUSES, None):
            try:
                answer = self._once(request)
            except GitHubFailed as error:
                failed, wait = error, pause if error.maybe_done else None
            else:
                if answer.status in _OK:
                    return answer
                failed, wait = self._refusal(answer, pause)
            if wait is None or wait >= self._left or (failed.maybe_done and not repeat):
                raise failed
            self._left -= wait
            self._time.sleep(wait)
        raise AssertionError("after the last pause nothing is tried")

    def _refusal(self, answer: Answer, pause: float | None) -> tuple[GitHubFailed, float | None]:
        """What has failed, and how long to wait before the next try; None if none may help."""
        said = self._without_token(what_it_says(answer))
        if answer.status in _ITS_FAULT:
            return GitHubFailed(said, answer.status, maybe_done=True), pause
        asked = _asked_to_wait(answer, self._time.since_1970())
        if asked is None:
            return GitHubFailed(said, answer.status), None
        # Without its status: it isn't about a permission.
        slow = GitHubFailed(f"{said} (it asks to wait {asked:.0f} s)")
        return slow, None if pause is None else asked

    def _once(self, request: Request) -> Answer:
        """One exchange, or nothing once its time is over.

        On a thread of its own: no library's timeout ends a server that drips, or a name that isn't
        resolved.
        """
        if self._left <= 0:
            raise GitHubFailed(self._too_late)
        heard: SimpleQueue[Answer | Exception] = SimpleQueue()

        def carry_out() -> None:
            try:
                heard.put(exchange(self._base, self._token, request))
            except Exception as error:  # noqa: BLE001 (told where it is waited for)
                heard.put(error)

        began = self._time.now()
        threading.Thread(target=carry_out, daemon=True).start()
        try:
            found = self._first(heard, began + min(SECONDS, self._left))
        finally:
            self._left -= self._time.now() - began
        if isinstance(found, Exception):
            raise self._told(found)
        return found

    def _first(self, heard: SimpleQueue[Answer | Exception], until: float) -> Answer | Exception:
        while self._time.now() < until:
            try:
                return heard.get(timeout=_SLICE_SECONDS)
            except Empty:
                continue
        return GitHubFailed(self._too_late, maybe_done=True)

    @property
    def _too_late(self) -> str:
        return f"GitHub at {self._base} did not answer in time"

    def _told(self, error: Exception) -> GitHubFailed:
        if isinstance(error, GitHubFailed):
            return error
        why = self._without_token(f"{type(error).__name__}: {error}")
        return GitHubFailed(
            f"GitHub can't be reached at {self._base} ({clean(why, 300)})", maybe_done=True
        )

    def _without_token(self, text: str) -> str:
        return text.replace(self._token, "***")


def _asked_to_wait(answer: Answer, since_1970: float) -> float | None:
    """The seconds to wait before asking again; None if it isn't about how often."""
    if answer.status not in {_FORBIDDEN, _TOO_MANY}:
        return None
    after = answer.headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(float(reset) - since_1970, 0.0) + 1
    if answer.status == _TOO_MANY or b"rate limit" in answer.body.lower():
        return _LIMITED_SECONDS
    return None
