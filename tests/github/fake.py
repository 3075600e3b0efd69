"""A GitHub that remembers: check runs and files, over real HTTP, with the troubles one has with it.

What it refuses is what GitHub refuses; the shapes are held to GitHub's own description by
`test_openapi`.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

TOKEN = "ghs_aTokenThatNobodyMayRead"
CONCLUSIONS = {"action_required", "cancelled", "failure", "neutral", "success", "skipped"}
FORBIDDEN = {
    "message": "Resource not accessible by integration",
    "documentation_url": "https://docs.github.com/rest/checks/runs#create-a-check-run",
    "status": "403",
}
MOST_BYTES = 65535
MOST_ANNOTATIONS = 50


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Trouble:
    """What happens to a request instead of an answer, or after it was carried out."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    after: bool = False
    method: str | None = None
    how: Callable[[BaseHTTPRequestHandler], None] | None = None


class Refused(Exception):
    """GitHub's answer to what can't be."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class FakeGitHub:
    """The state of a repository, org/engine, and what it was asked."""

    address: str
    runs: list[dict[str, Any]] = field(default_factory=list)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    parents: dict[str, list[str]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    at: dict[int, Trouble] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    answered: list[tuple[Asked, int, Any]] = field(default_factory=list)
    page: int = 100
    lock: threading.Lock = field(default_factory=threading.Lock)

    def made(self) -> list[tuple[str, str | None]]:
        """The status and the conclusion of every check run."""
        return [(one["status"], one["conclusion"]) for one in self.runs]

    def methods(self) -> list[str]:
        """What was asked, in order."""
        return [one.method for one in self.asked]

    def trouble(self, method: str) -> Trouble | None:
        """The trouble of this request by its number, or the next one of its kind."""
        if len(self.asked) in self.at:
            return self.at[len(self.asked)]
        if self.troubles and self.troubles[0].method in {None, method}:
            return self.troubles.pop(0)
        return None

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """What GitHub does and says.

        Raises:
            Refused: it doesn't.
        """
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "Bad credentials")
        place = asked.path.removeprefix("/api/v3").removeprefix("/repos/org/engine/")
        match asked.method, place.split("/"):
            case "POST", ["check-runs"]:
                return 201, self._create(asked.body)
            case "PATCH", ["check-runs", number]:
                return 200, self._update(int(number), asked.body)
            case "GET", ["commits", sha, "check-runs"]:
                return 200, self._listed(sha, asked.query)
            case "GET", ["git", "commits", sha] if sha in self.parents:
                return 200, {"sha": sha, "parents": [{"sha": one} for one in self.parents[sha]]}
            case "GET", ["commits", *ref] if asked.headers["accept"].endswith(".sha"):
                return 200, self._commit("/".join(ref))
            case "GET", ["contents", *path]:
                return 200, self._file("/".join(path), asked.query["ref"])
            case _:
                raise Refused(404, "Not Found")

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        if len(body.get("head_sha", "")) not in {40, 64}:
            raise Refused(422, f"No commit found for SHA: {body.get('head_sha')}")
        run = {
            "id": 1000 + len(self.runs),
            "status": "queued",
            "conclusion": None,
            "external_id": "",
            "output": {"annotations": []},
            "name": body["name"],
            "head_sha": body["head_sha"],
        }
        self.runs.append(run)
        self._change(run, body)
        return self._shown(run)

    def _update(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        run = next((one for one in self.runs if one["id"] == number), None)
        if run is None:
            raise Refused(404, "Not Found")
        self._change(run, body)
        return self._shown(run)

    def _change(self, run: dict[str, Any], body: dict[str, Any]) -> None:
        output = body.get("output", {})
        added = output.get("annotations", [])
        if len(added) > MOST_ANNOTATIONS:
            raise Refused(422, "Only 50 annotations are allowed")
        texts = [output.get("summary", ""), output.get("text", "")]
        texts += [one["message"] for one in added]
        if any(len(text.encode()) > MOST_BYTES for text in texts):
            raise Refused(422, "Only 65535 characters are allowed")
        if body.get("conclusion", "success") not in CONCLUSIONS:
            raise Refused(422, "conclusion isn't included in the list")
        kept = run["output"]["annotations"] + added
        run["output"] = {**run["output"], **output, "annotations": kept}
        run.update({k: v for k, v in body.items() if k in {"status", "conclusion", "external_id"}})

    def _listed(self, sha: str, query: dict[str, str]) -> dict[str, Any]:
        found = [
            self._shown(one)
            for one in reversed(self.runs)
            if one["head_sha"] == sha and one["name"] == query.get("check_name", one["name"])
        ]
        if query.get("filter", "latest") == "latest":
            found = found[:1]
        size = min(int(query.get("per_page", "30")), self.page)
        start = (int(query.get("page", "1")) - 1) * size
        return {"total_count": len(found), "check_runs": found[start : start + size]}

    def _commit(self, ref: str) -> bytes:
        known = {**self.refs, **{sha: sha for sha in self.refs.values()}}
        if ref not in known:
            raise Refused(422, f"No commit found for SHA: {ref}")
        return known[ref].encode()

    def _file(self, path: str, ref: str) -> bytes | list[Any]:
        if any(name.startswith(f"{path}/") for name, at in self.files if at == ref):
            return []
        try:
            return self.files[path, ref]
        except KeyError:
            raise Refused(404, "Not Found") from None

    @staticmethod
    def _shown(run: dict[str, Any]) -> dict[str, Any]:
        number = len(run["output"]["annotations"])
        output = {k: v for k, v in run["output"].items() if k != "annotations"}
        return {**run, "output": {**output, "annotations_count": number}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, certificate: Path | None) -> None:
        super().__init__((host, 0), _Handler)
        scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            scheme = "https"
        self.github = FakeGitHub(f"{scheme}://{host}:{self.server_port}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _handle(self) -> None:
        github, asked = self.server.github, self._asked()
        with github.lock:
            github.asked.append(asked)
            trouble = github.trouble(self.command)
            status, said = 0, None
            if trouble is None or trouble.after:
                status, said = self._carry_out(asked)
        if trouble is None:
            self._say(status, said, {})
        elif trouble.how is None:
            self._say(trouble.status, trouble.body or {"message": "trouble"}, trouble.headers)
        else:
            trouble.how(self)
            self.close_connection = True

    def _asked(self) -> Asked:
        parts = urlsplit(self.path)
        size = int(self.headers.get("content-length") or 0)
        return Asked(
            method=self.command,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=json.loads(self.rfile.read(size)) if size else None,
        )

    def _carry_out(self, asked: Asked) -> tuple[int, Any]:
        try:
            status, said = self.server.github.answer(asked)
        except Refused as refused:
            status, said = refused.status, {"message": str(refused)}
        self.server.github.answered.append((asked, status, said))
        return status, said

    def _say(self, status: int, said: Any, headers: dict[str, str]) -> None:
        raw = isinstance(said, bytes)
        data = said if raw else json.dumps(said).encode()
        kind = "application/vnd.github.raw+json" if raw else "application/json"
        self.send_response(status)
        for name, value in {"Content-Type": f"{kind}; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = _handle  # noqa: N815 (as http.server looks for them)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def fake_github(host: str = "127.0.0.1", certificate: Path | None = None) -> Iterator[FakeGitHub]:
    """A server of its own, until the end; with a certificate and its key it speaks TLS."""
    server = _Server(host, certificate)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.github
    finally:
        server.shutdown()
        server.server_close()


def hangs(handler: BaseHTTPRequestHandler) -> None:
    """Takes the request, and says nothing for as long as somebody listens."""
    with suppress(OSError):
        handler.connection.settimeout(60)
        handler.connection.recv(1)


def drips(handler: BaseHTTPRequestHandler) -> None:
    """A byte of a header now and then: no read ever waits for long."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            handler.wfile.write(b"a")
            time.sleep(0.05)


def pours(handler: BaseHTTPRequestHandler) -> None:
    """An answer without end."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            handler.wfile.write(b" " * 65536)


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    """Closes the connection instead of an answer."""
    with suppress(OSError):
        handler.connection.shutdown(socket.SHUT_RDWR)
