"""The requests of a scenario, with the port filled in, ready to be sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ops002.agents.client.exchange import Request as Sent
from ops002.config.server import (
    PORT,
    DisconnectFault,
    Gauge,
    Ready,
    Request,
    ServerWorkload,
)
from ops002.workloads import StepFailed

_QUICK_SECONDS: Final = 10.0
"""For what any server answers at once."""
_METRICS_BYTES: Final = 4 * 1024 * 1024


class Requests:
    """What is sent to one start of a server."""

    def __init__(self, workload: ServerWorkload, port: int) -> None:
        self._workload = workload
        self._port = port

    @property
    def ready(self) -> Sent:
        """Asks whether the server can serve."""
        return self.quick(self._workload.ready)

    @property
    def healthy(self) -> Sent:
        """The healthy request."""
        return self.of(self._workload.healthy)

    def quick(self, request: Ready | Gauge) -> Sent:
        """One that any server answers at once."""
        host, port, target = self._place(request.url)
        seconds = min(_QUICK_SECONDS, self._workload.timeouts.infer)
        return Sent(
            host=host,
            port=port,
            target=target,
            headers=request.headers,
            seconds=seconds,
            keep=_METRICS_BYTES,
        )

    def of(self, request: Request) -> Sent:
        """A request as it is sent.

        Raises:
            StepFailed: the file that is its body can't be read.
        """
        host, port, target = self._place(request.url)
        body = _body(request)
        headers = dict(request.headers)
        if request.payload is not None and not _has(headers, "Content-Type"):
            headers["Content-Type"] = "application/json"
        leaves = request if isinstance(request, DisconnectFault) else None
        return Sent(
            host=host,
            port=port,
            target=target,
            method=request.method or ("GET" if body is None else "POST"),
            headers=headers,
            body=body,
            seconds=request.timeout or self._workload.timeouts.infer,
            leave_bytes=leaves.after_bytes if leaves else None,
            leave_seconds=leaves.after_time if leaves else None,
        )

    def _place(self, url: str) -> tuple[str, int, str]:
        """Host, port, and what is asked for there."""
        parts = urlsplit(url.replace(PORT, str(self._port)))
        assert parts.hostname is not None
        assert parts.port is not None
        query = f"?{parts.query}" if parts.query else ""
        return parts.hostname, parts.port, (parts.path or "/") + query


def _body(request: Request) -> bytes | None:
    if request.payload is not None:
        return json.dumps(request.payload).encode("ascii")
    if request.file is None:
        return None
    try:
        return Path(request.file).read_bytes()
    except OSError as error:
        raise StepFailed(f"{request.file} can't be read: {error.strerror}") from None


def _has(headers: dict[str, str], name: str) -> bool:
    return any(given.lower() == name.lower() for given in headers)
