"""What a fault of a sweep costs, against a bare inference of the same model in the same worker."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import ops002.agents
from bench.table import Row
from ops002.agents import wire

BOOTSTRAP = Path(ops002.agents.__file__).parent / "worker" / "bootstrap.py"
EXAMPLES = Path(__file__).parent.parent / "examples" / "sweep"
RUNS = 30
FAULTS = 60
RESTARTS = 3
SCENARIO = """
import sys
sys.path.insert(0, {examples!r})
import torch
from decoder import Engine

torch.set_num_threads(1)

def load(device):
    return Engine().eval()

def infer(engine):
    request = engine.start()
    try:
        return engine.generate(request, batch={batch}, prompt=32, tokens={tokens})
    finally:
        engine.finish(request)
"""
SHAPES = {
    "small operators": {"batch": 1, "tokens": 16},
    "bigger ones": {"batch": 32, "tokens": 8},
}


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for shape, sizes in SHAPES.items():
            file = Path(folder) / "scenario.py"
            file.write_text(SCENARIO.format(examples=str(EXAMPLES), **sizes))
            yield from _of(shape, file)


def _of(shape: str, file: Path) -> Iterator[Row]:
    with closing(Worker(file)) as worker:
        never = _bare(worker)
        worker.ask("sweep-look", eager=False)
        worker.ask("sweep-count")
        counting, bare = _in_turn(worker)
        chosen = worker.ask("sweep-choose", points=FAULTS)["chosen"]
        worker.ask("sweep-begin")
        faults, healthy = [], []
        for place in range(chosen):
            faults.append(worker.seconds("sweep-fail", place=place))
            healthy.append(worker.seconds("infer"))
        off = _bare(worker)
    fault = statistics.mean(faults) / statistics.mean(healthy)
    yield Row(f"{shape}: counting / bare inference", counting / bare, 3)
    yield Row(f"{shape}: a fault of a sweep / bare inference", fault, 1.5)
    yield Row(f"{shape}: bare inference after / before a sweep", off / never, 1.1)
    restart = statistics.median(_restarted(file) for _ in range(RESTARTS))
    yield Row(f"{shape}: a fault / a worker started for it", statistics.mean(faults) / restart, 1)


def _bare(worker: Worker) -> float:
    return min(worker.seconds("infer") for _ in range(RUNS))


def _in_turn(worker: Worker) -> tuple[float, float]:
    """The shortest counting and the shortest bare inference: a busy moment makes either longer."""
    pairs = [(worker.seconds("sweep-count"), worker.seconds("infer")) for _ in range(RUNS)]
    return min(one for one, _ in pairs), min(other for _, other in pairs)


def _restarted(file: Path) -> float:
    """Seconds of what a restart per fault takes: start, load, warm up, and one inference."""
    began = time.perf_counter()
    with closing(Worker(file)) as worker:
        worker.ask("infer")
        return time.perf_counter() - began


class Worker:
    """A worker process that has loaded a scenario, asked by its own protocol."""

    def __init__(self, file: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(BOOTSTRAP)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.ask("load", file=str(file), device="cpu")
        self.ask("infer")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def ask(self, operation: str, **fields: object) -> wire.Message:
        """The reply to a request, which must succeed unless it is a fault."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(wire.encode({"id": 1, "key": "", "op": operation, **fields}))
        self._process.stdin.flush()
        reply = None
        while reply is None:
            reply = wire.decode(self._process.stdout.readline())
        assert reply["ok"] or operation == "sweep-fail", reply
        return reply

    def seconds(self, operation: str, **fields: object) -> float:
        """How long a request takes."""
        began = time.perf_counter()
        self.ask(operation, **fields)
        return time.perf_counter() - began
