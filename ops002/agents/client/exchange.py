"""One HTTP exchange with a deadline: a request, and as much of its answer as is asked for.

The answer is the workload's: it may be endless, slow, or no HTTP at all. Of its body a beginning is
kept and the rest counted; whoever waits for it calls `Exchange.look`, which ends what is late.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Callable, Mapping, Optional

KEPT_BYTES = 256 * 1024
"""Of an answer's beginning: where an error stands."""
MOST_BYTES = 64 * 1024 * 1024
"""Of one answer: more is no answer to an inference."""
_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Request:
    """What to send. Times in seconds; ``leave_bytes`` and ``keep`` are of the answer's body."""

    host: str
    port: int
    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Optional[bytes] = None
    seconds: float = 120.0
    leave_bytes: Optional[int] = None
    leave_seconds: Optional[float] = None
    keep: int = KEPT_BYTES


@dataclass(frozen=True)
class Answer:
    """What came of a request.

    ``status`` is None if no head of an answer came; ``error`` says why there is no whole answer;
    ``late`` that the deadline passed; ``left`` that the client went away as it was asked to.
    """

    status: Optional[int]
    body: bytes
    received: int
    error: Optional[str]
    late: bool
    left: bool


class Exchange:
    """A request on its way. `run` on a thread of its own, `look` from whoever waits."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._began = time.monotonic()
        self._sent: Optional[float] = None
        self._socket: Optional[socket.socket] = None
        self._lock = threading.Lock()
        self._cut = False
        self._late = False
        self._left = False
        self._status: Optional[int] = None
        self._body = bytearray()
        self._received = 0
        self.answer: Optional[Answer] = None

    def run(self, enter: Callable[[], None]) -> None:
        """Send the request and read the answer; ends within the deadline if it is looked after.

        ``enter`` is called first: it moves this thread to where the server is.
        """
        error: Optional[str] = None
        try:
            enter()
            self._exchange()
        except socket.timeout:  # noqa: UP041 (in Python 3.9 no TimeoutError)
            self.give_up()  # the same deadline, seen here first
        except (OSError, http.client.HTTPException, ValueError) as raised:
            error = f"{type(raised).__name__}: {raised}"
        finally:
            self._close()
            self.end(error)

    def end(self, error: Optional[str]) -> None:
        """It is over; what came is the answer. ``error`` is why no more did."""
        with self._lock:
            broken = None if self._left else error
            self.answer = Answer(
                status=self._status,
                body=bytes(self._body),
                received=self._received,
                error="it took too long" if self._late else broken,
                late=self._late,
                left=self._left,
            )

    def look(self) -> bool:
        """Whether it is over; what is late is ended, and a client that is to leave leaves."""
        if self.answer is not None:
            return True
        now = time.monotonic()
        leave = self._request.leave_seconds
        # Whoever hasn't asked yet has nothing to go away from.
        if leave is not None and self._sent is not None and now - self._sent >= leave:
            self._end(left=True)
        elif now - self._began >= self._request.seconds:
            self._end(left=False)
        return False

    def give_up(self) -> None:
        """End it now."""
        self._end(left=False)

    def _end(self, *, left: bool) -> None:
        with self._lock:
            if self._cut or self.answer is not None:
                return
            self._cut, self._left, self._late = True, left, not left
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it

    def _close(self) -> None:
        with self._lock:
            self._shut()
            if self._socket is not None:
                self._socket.close()

    def _exchange(self) -> None:
        request = self._request
        connection = http.client.HTTPConnection(request.host, request.port, timeout=request.seconds)
        connection.connect()
        with self._lock:
            self._socket = connection.sock
            if self._cut:
                raise OSError("it was ended before it began")
        headers = dict(request.headers)
        headers["Connection"] = "close"
        connection.request(request.method, request.target, request.body, headers)
        self._sent = time.monotonic()
        answer = connection.getresponse()
        try:
            self._status = answer.status
            self._read(answer)
        finally:
            answer.close()

    def _read(self, answer: http.client.HTTPResponse) -> None:
        leave = self._request.leave_bytes
        while leave is None or self._received < leave:
            # By single bytes where the client is to go away: no more is taken than was asked for.
            chunk = answer.read1(_CHUNK if leave is None else min(_CHUNK, leave - self._received))
            if not chunk:
                if answer.length:
                    raise ValueError(f"the answer ended {answer.length} bytes too early")
                return
            self._received += len(chunk)
            self._body += chunk[: self._request.keep - len(self._body)]
            if self._received > MOST_BYTES:
                raise ValueError(f"the answer is longer than {MOST_BYTES // (1024 * 1024)} MiB")
        with self._lock:
            # One that was complete by then was not left.
            self._left = not self._cut and answer.length != 0
