"""The part of the schema that is about servers: their requests, and the faults clients cause."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from ops002.config.sections import Expect, FaultKeys, Section
from ops002.config.values import (
    Command,
    Duration,
    Environment,
    ExitCodes,
    Headers,
    Json,
    Number,
    Pattern,
    Period,
    Size,
    Statuses,
    Text,
    Url,
)

MOST_AT_ONCE: Final = 1000
"""Failing requests of one burst; as many healthy ones go with them."""


class Request(Section):
    """One HTTP request; its body is ``json`` or the content of ``file``, or there is none."""

    url: Url
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] | None = None
    headers: Headers = {}
    payload: Json = Field(default=None, alias="json")
    file: Text | None = None
    timeout: Period | None = None

    @model_validator(mode="after")
    def _has_one_body(self) -> Request:
        if self.payload is not None and self.file is not None:
            raise ValueError("a request has one body: give json or file, not both")
        return self


class Ready(Section):
    """What the server answers with a status below 400 once it can serve."""

    url: Url
    headers: Headers = {}


class Stop(Section):
    """How the server is asked to end, and how long it may take until it is killed."""

    signal: Literal["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"] = "SIGTERM"
    timeout: Period = 30.0


class ServerTimeouts(Section):
    """Deadlines: until it is ready, and for one request."""

    start: Period = 600.0
    infer: Period = 120.0


class Gauge(Section):
    """A figure of the engine's own: a metric, or what a pattern's group finds in an answer.

    ``within`` is how far from its baseline it may stay.
    """

    url: Url
    headers: Headers = {}
    metric: Text | None = None
    pattern: Pattern | None = None
    within: Number = 0.0

    @model_validator(mode="after")
    def _is_found_one_way(self) -> Gauge:
        if (self.metric is None) == (self.pattern is None):
            raise ValueError("give metric, or pattern with one group that holds a number")
        if self.pattern is not None and re.compile(self.pattern).groups != 1:
            raise ValueError("pattern needs exactly one group: that which holds the number")
        return self


class ServerWorkload(Section):
    """A server that stays up: ``{port}`` is a free port, in ``run``, ``env`` and the URLs."""

    kind: Literal["server"]
    run: Command
    ready: Ready
    healthy: Request
    gauge: Gauge | None = None
    env: Environment = {}
    cwd: Text = "."
    stop: Stop = Stop()
    timeouts: ServerTimeouts = ServerTimeouts()


PORT: Final = "{port}"
"""Stands for a free port that the gate chooses, in ``run``, ``env`` and the URLs."""


def port_of(url: str) -> str:
    """The port of a URL that was checked: a number, or `PORT`."""
    return url.partition("//")[2].partition("/")[0].rpartition(":")[2]


def misfits_of_ports(
    workload: ServerWorkload, faults: Iterable[object]
) -> Iterator[tuple[str, str]]:
    """What doesn't go together with the server's ports: the key, and why."""
    asked = (workload.ready, workload.healthy, workload.gauge)
    ports = {port_of(request.url) for request in asked if request is not None}
    for fault in faults:
        if isinstance(fault, ClientFault) and port_of(fault.url) not in ports:
            yield "faults", f"{fault.url}: ready, healthy and gauge know no server at that port"
    told = (*workload.run, *workload.env.values())
    if PORT in ports and not any(PORT in text for text in told):
        yield "workload", f"{PORT} stands neither in run nor in env: the server can't know its port"


class ServerExpect(Expect):
    """Expectation of what a server answers, prints, or ends with."""

    status: Statuses | None = None
    body: Pattern | None = None
    exit_code: ExitCodes | None = None


class ClientFault(FaultKeys, Request):
    """What a client does to the server; ``concurrent`` at once, among as many healthy requests."""

    concurrent: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = 1
    after: Literal["serving", "exited"] = "serving"


class RequestFault(ClientFault):
    """A request that the server answers with an error."""

    kind: Literal["request"]
    expect: ServerExpect

    @model_validator(mode="after")
    def _ends_recognisably(self) -> RequestFault:
        if self.after == "exited" and not (self.expect.exit_code or self.expect.output):
            raise ValueError(
                "after: exited needs an expect with exit_code or output: a server that ends "
                "isn't known to have ended by this error otherwise"
            )
        return self


class DisconnectFault(ClientFault):
    """The client goes away: so many bytes into the answer's body, or so long after it asked."""

    kind: Literal["disconnect"]
    expect: ServerExpect | None = None
    after_bytes: Size | None = None
    after_time: Duration | None = None

    @model_validator(mode="after")
    def _leaves_once(self) -> DisconnectFault:
        if (self.after_bytes is None) == (self.after_time is None):
            raise ValueError("give after_bytes or after_time: when the client goes away")
        if self.expect is not None and self.expect.recovers:
            raise ValueError("a client that goes away gets no answer: recovers can't be seen")
        return self
