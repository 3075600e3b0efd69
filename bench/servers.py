"""What a trial costs beside its server's own work, and what many requests at once weigh."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from bench.overhead import MIB, OWN_SECONDS, RUNS, run_seconds, trial_snapshots
from bench.table import Row
from ops002.agents.client.namespace import free_port, is_taken

AT_ONCE = 200
WEIGHT = 50 * MIB
HEAD_OF_A_MODEL = 16 * 1024
URL = "http://127.0.0.1:{port}"

SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Engine(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"x" * int(sys.argv[2])
        self.send_response(503 if self.path == "/fail" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass

class Server(ThreadingHTTPServer):
    request_queue_size = 512

Server(("127.0.0.1", int(sys.argv[1])), Engine).serve_forever()
"""

# Prints by how many bytes the high-water mark rises over the requests.
CLIENT = """
import os, re, sys, time
from ops002.agents.client.client import Client
from ops002.agents.client.exchange import Request

def mark():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

client = Client(os.getpid())
before = mark()
batch = client.send([Request("127.0.0.1", int(sys.argv[1]), "/fail")] * int(sys.argv[2]))
while not batch.is_over():
    time.sleep(0.005)
assert {answer.status for answer in batch.answers()} == {503}, batch.answers()
print(mark() - before)
"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        yield _own_time(Path(folder))
    yield _weight()


def _own_time(folder: Path) -> Row:
    """The run less the server's own start and what the waits take."""
    command = _run_config(folder)
    own = []
    for _ in range(RUNS):
        starting = _start_seconds()
        run = run_seconds(command)
        waits = groupby(trial_snapshots(folder), key=lambda one: (one["stage"], one["fault"]))
        settling = sum(
            series[-1]["seconds"] - series[0]["seconds"]
            for series in (list(group) for _, group in waits)
        )
        own.append(run - starting - settling)
    label = "gate's own seconds in a run of a server / 0.5 s"
    return Row(label, statistics.median(own) / OWN_SECONDS, 1)


def _run_config(folder: Path) -> list[str]:
    workload = {
        "kind": "server",
        "run": [sys.executable, "-c", SERVER, "{port}", "1"],
        "ready": {"url": URL},
        "healthy": {"url": URL},
    }
    fault = {"kind": "request", "url": f"{URL}/fail", "expect": {"status": [503]}}
    scenario = {"name": "measured", "workload": workload, "faults": [fault]}
    keys = {"device": "cpu", "min_at_stake": "0B", "scenarios": [scenario]}
    (folder / "ops002.yml").write_text(json.dumps({"version": 1, **keys}))
    command = [sys.executable, "-m", "ops002", "run", "--config", str(folder / "ops002.yml")]
    return [*command, "--report-dir", str(folder / "report")]


def _start_seconds() -> float:
    started = time.perf_counter()
    with _served(1):
        return time.perf_counter() - started


@contextmanager
def _served(size: int) -> Iterator[int]:
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", SERVER, str(port), str(size)]) as server:
        while not is_taken(("127.0.0.1", port)):
            time.sleep(0.005)
        yield port
        server.kill()


def _weight() -> Row:
    with _served(HEAD_OF_A_MODEL) as port:
        command = [sys.executable, "-c", CLIENT, str(port), str(AT_ONCE)]
        said = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=60)
    return Row(
        f"memory of {AT_ONCE} failing requests at once / 50 MiB", int(said.stdout) / WEIGHT, 1
    )
