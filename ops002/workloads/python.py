"""A scenario file in a worker process of the workload's own Python."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import ops002.agents
from ops002.agents import wire
from ops002.clock import Clock
from ops002.config_schema import CallFault, ExceptionFault, OomFault, PythonWorkload, WorkerFault
from ops002.executors import Executor, Launch, Running, StartFailed
from ops002.executors.environment import workload_environment
from ops002.measurement import Evidence, Reading, Seen, Source
from ops002.probes import Probe
from ops002.workloads import (
    DeadlinePassed,
    Died,
    StepFailed,
    died_evidence,
    exception_evidence,
    output_evidence,
)

_BOOTSTRAP: Final = Path(ops002.agents.__file__).parent / "worker" / "bootstrap.py"
_TICK_SECONDS: Final = 0.005
_LAST_LINE_SECONDS: Final = 0.2
_MAX_SIZE: Final = 2**20

# Under the memory limit an error must cost more than the tolerance, or keeping it would pass
# unseen: headroom is this many tolerances, or this share of what a plain inference needs.
_HEADROOM_TOLERANCES: Final = 4
_HEADROOM_SHARE: Final = 0.5


_HALF: Final = 0.5
_INJECTION_TRIES: Final = 5
_SHORTEST: Final = 1e-4


@dataclass(frozen=True, slots=True)
class HealthyInference:
    """What one healthy inference took: time, and how far it raised memory."""

    seconds: float = 0.0
    peak_bytes: int = 0


class PythonProcess:
    """A started worker, and what can be asked of it."""

    def __init__(self, workload: PythonWorkload, running: Running, key: str, clock: Clock) -> None:
        self.running = running
        self._workload = workload
        self._key = key
        self._clock = clock
        self._requests = 0
        self._oom_size = 1
        self._takes_size = False
        self._hangs = False
        self.tick: Callable[[], None] = clock.check

    def load(self, device: str) -> None:
        """Import the scenario file and load its model.

        Raises:
            WorkloadError: it failed, died, or passed ``timeouts.start``.
        """
        reply = self._request(
            "load", self._workload.timeouts.start, file=self._workload.file, device=device
        )
        self._must_succeed("load", reply)
        has = reply.get("has")
        self._takes_size = isinstance(has, dict) and has.get("size") is True

    def infer(self) -> float:
        """One healthy inference; how many seconds it took.

        Raises:
            WorkloadError: it failed, died, or passed ``timeouts.infer``.
        """
        started = self._clock.now()
        self._must_succeed("a healthy inference", self._request("infer", self._infer_seconds))
        return self._clock.now() - started

    def kill_in_inference(self, healthy: HealthyInference) -> tuple[Evidence, ...]:
        """Start an inference and kill the worker half-way through; what was seen of it."""
        started = self._clock.now()
        until = started + _HALF * healthy.seconds
        number = self._ask("infer")
        answered = False
        while self._clock.now() < until and not answered:
            answered = self._answer(number, until - self._clock.now()) is not None
            self.tick()
        after = round(1000 * (self._clock.now() - started))
        self.running.kill_root()
        status = self.wait_for_exit()
        seen = [] if status is None else [died_evidence(status)]
        if not answered:
            seen.append(Evidence(source=Source.GATE, what=Seen.KILLED_AFTER, value=after))
        return tuple(seen)

    def wait_for_exit(self) -> int | None:
        """The exit status of a worker that is about to end; None if it didn't by its deadline."""
        deadline = self._clock.now() + self._workload.timeouts.exit
        while (status := self.running.exit_status()) is None and self._clock.now() < deadline:
            self.tick()
            self._clock.sleep(_TICK_SECONDS)
        return status

    def warm_pools(self) -> None:
        """Have the workload's libraries start their threads."""
        self._must_succeed(
            "starting thread pools", self._request("warm_pools", self._infer_seconds)
        )

    def collect(self) -> None:
        """Run Python's collector."""
        self._must_succeed("collecting garbage", self._request("collect", self._infer_seconds))

    def quiesce(self) -> tuple[str, ...]:
        """Give free memory back; what was done."""
        did = self._request("quiesce", self._infer_seconds).get("did")
        return tuple(str(step) for step in did) if isinstance(did, list) else ()

    def force(
        self, fault: WorkerFault, healthy: HealthyInference, tolerance_bytes: int
    ) -> tuple[Evidence, ...]:
        """Force the fault once; everything that was seen of it.

        Raises:
            DeadlinePassed: it didn't end by ``timeouts.infer``.
        """
        mark = self.running.output_mark()
        try:
            match fault:
                case CallFault():
                    reply = self._request("call", self._infer_seconds)
                    seen = list(_told(reply))
                case OomFault():
                    share = int(_HEADROOM_SHARE * healthy.peak_bytes)
                    headroom = max(_HEADROOM_TOLERANCES * tolerance_bytes, share)
                    seen = list(self._force_oom(headroom))
                case ExceptionFault():
                    seen = list(self._force_exception(healthy.seconds))
        except Died as died:
            seen = [died_evidence(died.status)]
        return (*seen, *output_evidence(fault, self.running, mark))

    def stop(self) -> str | None:
        """Ask the worker to unload and to exit, and wait for it; what went wrong, if anything.

        One that hangs is killed. Whatever the worker started is left alone: if it stays, it is a
        survivor.
        """
        if self._hangs:
            self.running.kill_root()
            return "the workload hung and was killed"
        seconds = self._workload.timeouts.exit
        try:
            reply = self._request("unload", seconds)
            self._request("exit", seconds)
        except Died:
            return None  # it is gone, as it should be
        except DeadlinePassed:
            self.running.kill_root()
            return "the workload did not unload by timeouts.exit and was killed"
        if self.wait_for_exit() is None:
            return "the workload's process did not exit by timeouts.exit"
        return None if reply.get("ok") is True else f"unload failed: {_first_error(reply)}"

    @property
    def _infer_seconds(self) -> float:
        return self._workload.timeouts.infer

    def _force_oom(self, headroom: int) -> Iterator[Evidence]:
        while True:
            size = self._oom_size if self._takes_size else None
            reply = self._request("oom", self._infer_seconds, headroom=headroom, size=size)
            if size is None or reply.get("ok") is not True or self._oom_size >= _MAX_SIZE:
                break
            self._oom_size *= 2
        limit = reply.get("limit")
        if isinstance(limit, int):
            yield Evidence(source=Source.WORKLOAD, what=Seen.MEMORY_LIMIT, value=limit)
        if size is not None:
            yield Evidence(source=Source.GATE, what=Seen.SIZE, value=size)
        yield from _told(reply)

    def _force_exception(self, healthy_seconds: float) -> Iterator[Evidence]:
        """Raise in the middle; a faster inference than the last one gets another, earlier try."""
        seconds = healthy_seconds
        for _ in range(_INJECTION_TRIES):
            seconds *= _HALF
            reply = self._request("exception", self._infer_seconds, after=max(seconds, _SHORTEST))
            if reply.get("ok") is not True:
                break
        yield from _told(reply)

    def _must_succeed(self, step: str, reply: wire.Message) -> None:
        if reply.get("ok") is not True:
            raise StepFailed(f"{step} failed: {_first_error(reply)}")

    def _request(self, operation: str, seconds: float, **fields: object) -> wire.Message:
        number = self._ask(operation, **fields)
        deadline = self._clock.now() + seconds
        while True:
            status = self.running.exit_status()
            reply = self._answer(number, _TICK_SECONDS if status is None else _LAST_LINE_SECONDS)
            if reply is not None:
                return reply
            if status is not None:
                raise Died(status)
            if self._clock.now() > deadline:
                self._hangs = True
                raise DeadlinePassed(f"{operation} did not end within {seconds:g} s")
            self.tick()

    def _ask(self, operation: str, **fields: object) -> int:
        self._requests += 1
        request = {"id": self._requests, "key": self._key, "op": operation, **fields}
        self.running.send(wire.encode(request))
        return self._requests

    def _answer(self, number: int, seconds: float) -> wire.Message | None:
        """The reply to a request, if it comes within ``seconds``; other lines are passed over."""
        until = self._clock.now() + seconds
        while (line := self.running.receive(max(0.0, until - self._clock.now()))) is not None:
            reply = wire.decode(line)
            if reply is not None and wire.is_reply(reply, number, self._key):
                return reply
        return None


def start(
    workload: PythonWorkload,
    executor: Executor,
    environ: Mapping[str, str],
    output: Path,
    clock: Clock,
) -> PythonProcess:
    """Start a worker.

    Raises:
        StartFailed: there is no such interpreter or directory.
    """
    key = secrets.token_hex(16)
    python = str(Path(workload.python).absolute()) if workload.python else sys.executable
    if workload.python and "/" not in workload.python:
        python = workload.python
    launch = Launch(
        argv=(python, "-X", "faulthandler", str(_BOOTSTRAP)),
        env=workload_environment(environ, workload.env, {"PYTHONDONTWRITEBYTECODE": "1"}),
        cwd=workload.cwd,
        output=output,
        channel_key=key,
    )
    absolute = workload.model_copy(update={"file": str(Path(workload.file).absolute())})
    return PythonProcess(absolute, executor.start(launch), key, clock)


def healthy_inference(process: PythonProcess, probe: Probe) -> HealthyInference:
    """One healthy inference, with its time and its peak."""
    root = process.running.root
    probe.reset_peak(root)
    before = probe.read_peak(root)
    seconds = process.infer()
    after = probe.read_peak(root)
    if isinstance(before, Reading) and isinstance(after, Reading):
        return HealthyInference(seconds, max(0, after.bytes - before.bytes))
    return HealthyInference(seconds)


def _told(reply: wire.Message) -> Iterator[Evidence]:
    if reply.get("ok") is True:
        yield Evidence(source=Source.WORKLOAD, what=Seen.RETURNED, value="without an error")
    else:
        yield from exception_evidence(reply.get("exceptions"))


def _first_error(reply: wire.Message) -> str:
    seen = list(exception_evidence(reply.get("exceptions")))
    classes = next((item.value for item in seen if item.what is Seen.EXCEPTION), ("an error",))
    message = next((item.value for item in seen if item.what is Seen.MESSAGE), "")
    places = next((item.value for item in seen if item.what is Seen.RAISED_AT), ())
    name = classes[0] if isinstance(classes, tuple) else classes
    where = f" ({places[-1]})" if isinstance(places, tuple) and places else ""
    return f"{name}: {message}{where}"


__all__ = ["PythonProcess", "StartFailed", "start"]
