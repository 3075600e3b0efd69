"""Where a server is started, and what its gauge says."""

from __future__ import annotations

import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ops002.agents.client.client import Client
from ops002.clock import Clock
from ops002.config.server import Gauge, ServerWorkload
from ops002.executors import StartFailed
from ops002.executors.local import LocalExecutor
from ops002.workloads import server_start
from ops002.workloads.gauge import EngineGauge, value_in
from ops002.workloads.requests import Requests

URL = "http://127.0.0.1:{port}/metrics"
METRICS = """\
# HELP engine:usage How much is in use.
# TYPE engine:usage gauge
engine:usage{id="0",name="a b"} 0.25
engine:usage{id="1"} 0.5 1700000000
engine:usage_total 7
other{of="engine:usage"} 9
"""


def workload(url: str) -> ServerWorkload:
    document = {
        "kind": "server",
        "run": ["true"],
        "ready": {"url": url},
        "healthy": {"url": url},
    }
    return ServerWorkload.model_validate(document, strict=False)


def test_a_port_that_somebody_has_is_refused(tmp_path: Path) -> None:
    """Their server would be asked, and the workload's never."""
    executor = LocalExecutor(os.environ)
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        port = theirs.getsockname()[1]
        taken = workload(f"http://127.0.0.1:{port}/")
        with pytest.raises(StartFailed, match=f"port {port} is taken"):
            server_start.start(taken, executor, os.environ, tmp_path / "log", Clock(60))


def test_of_a_metric_all_samples_are_added() -> None:
    assert value_in(METRICS, Gauge(url=URL, metric="engine:usage")) == 0.75


def test_a_pattern_finds_its_number() -> None:
    gauge = Gauge(url=URL, pattern='"used": ([0-9.]+)')
    assert value_in('[{"used": 3}, {"used": 0.5}]', gauge) == 3.5


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "isn't in the answer"),
        ("engine:usage_total 1\n", "isn't in the answer"),
        ("engine:usage many\n", "no number"),
        ("engine:usage NaN\n", "no number"),
        ("engine:usage 1e300\n", "no number"),
    ],
)
def test_a_gauge_that_cant_be_read_says_why(text: str, why: str) -> None:
    assert why in str(value_in(text, Gauge(url=URL, metric="engine:usage")))


def test_what_was_asked_before_a_fault_says_nothing_of_it() -> None:
    """The healthy request before it moves the gauge, too: that isn't at stake in the fault."""
    told: list[float] = []

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"used {0.0 if told else 9.0}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            told.append(1.0)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Metrics)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asked, clock = Gauge(url=URL, metric="used"), Clock(60)
    requests = Requests(workload(URL), server.server_port)
    gauge = EngineGauge(asked, Client(os.getpid()), requests, clock)
    gauge.tick()
    while not told:
        clock.sleep(0.01)

    gauge.taken()
    while len(told) < 3:  # the third is asked once the second was heard
        gauge.tick()
        clock.sleep(0.01)

    assert set(gauge.taken()) == {0.0}
    server.shutdown()
    server.server_close()
