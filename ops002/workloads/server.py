"""A server that stays up, and a client that makes its requests fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from signal import SIGKILL, Signals
from typing import Final

from ops002.agents.client.client import Batch, Client
from ops002.agents.client.exchange import Answer
from ops002.clock import Clock
from ops002.config.recognition import output_of
from ops002.config.schema import KillFault, ServerKillFault
from ops002.config.server import DisconnectFault, RequestFault, ServerWorkload
from ops002.executors import Running
from ops002.measurement import Evidence, Process, Seen, Source
from ops002.process_table import resident_bytes
from ops002.processes import send_signal
from ops002.workloads import (
    DeadlinePassed,
    Died,
    StepFailed,
    died_evidence,
    output_evidence,
)
from ops002.workloads.answers import (
    complete_too_soon,
    described,
    evidence_of,
    failed_beside,
    is_served,
    must_be_served,
)
from ops002.workloads.gauge import EngineGauge
from ops002.workloads.halfway import half_way
from ops002.workloads.requests import Requests
from ops002.workloads.serving import HealthyInference, Quiesced
from ops002.workloads.torch_allocator import TorchAllocator

_TICK_SECONDS: Final = 0.005
_POLL_SHARE: Final = 0.05
_MOST_POLL_SECONDS: Final = 0.2
_DYING_SECONDS: Final = 1.0
"""Between a connection that breaks and the exit status of the process that it broke with."""
_KILL_SECONDS: Final = 10.0
_TELL_SECONDS: Final = 5.0
_LINES: Final = 3
_IN_BACKGROUND: Final = (
    "the server's first process ended with status 0 before it was ready: if it went on in the "
    "background, keep it in the foreground, where the gate can stop it"
)


class ServerProcess:
    """A started server, and what can be asked of it."""

    held = None
    sweep = None

    def __init__(
        self,
        workload: ServerWorkload,
        running: Running,
        client: Client,
        requests: Requests,
        clock: Clock,
    ) -> None:
        self.running = running
        self.again: Callable[[], None] = clock.check
        self.allocator = TorchAllocator(lambda _anew: {})
        asked = workload.gauge
        self.gauge = None if asked is None else EngineGauge(asked, client, requests, clock)
        self._workload = workload
        self._client = client
        self._requests = requests
        self._clock = clock
        self._tick: Callable[[], None] = clock.check
        self._tell: Callable[[Sequence[str]], None] = lambda _lines: None
        self._burst = 1

    def on_tick(self, tick: Callable[[], None]) -> None:
        """What to do, many times a second, while the server is waited for."""
        self._tick = tick

    def on_wait(self, tell: Callable[[Sequence[str]], None]) -> None:
        """Whom to tell the last lines of its output, now and then, until it is ready."""
        self._tell = tell

    def load(self, device: str) -> None:  # noqa: ARG002 (a server finds its device itself)
        """Wait until it is ready.

        Raises:
            WorkloadError: it ended, or wasn't by ``timeouts.start``.
        """
        seconds = self._workload.timeouts.start
        began = self._clock.now()
        told = began
        while True:
            batch = self._client.send([self._requests.ready])
            while not batch.is_over():
                self._pause(_TICK_SECONDS)
            (answer,) = batch.answers()
            status = self.running.exit_status()
            if status is not None:
                raise Died(status) if status else StepFailed(_IN_BACKGROUND)
            if is_served(answer):
                return
            now = self._clock.now()
            if now - began > seconds:
                raise DeadlinePassed(
                    f"the server was not ready within {seconds:g} s: {described(answer)}"
                )
            if now - told > _TELL_SECONDS:
                told = now
                self._tell(self.running.output().splitlines()[-_LINES:])
            # A server that is soon ready isn't waited for long, and a large model hardly asked.
            self._pause(min(_POLL_SHARE * (now - began), _MOST_POLL_SECONDS))

    def must_have(self, fault: RequestFault | DisconnectFault) -> None:
        """Healthy inferences have the fault's load from now on."""
        self._burst = fault.concurrent

    def make_ready(self, fault: RequestFault | DisconnectFault | KillFault) -> None:
        """Nothing needs to be."""

    def infer(self) -> float:
        """Healthy requests, as many at once as when the fault is forced; their time in seconds.

        Raises:
            WorkloadError: one failed, the server died, or ``timeouts.infer`` passed.
        """
        count = self._burst if self._burst == 1 else 2 * self._burst
        started = self._clock.now()
        answers = self._wait(self._client.send([self._requests.healthy] * count))
        seconds = self._clock.now() - started
        status = self.running.exit_status()
        if status is not None:
            raise Died(status)
        if any(answer.late for answer in answers):
            raise DeadlinePassed("a healthy request was not answered in time")
        must_be_served(answers)
        return seconds

    def collect(self) -> None:
        """Nothing can be: its collector is its own."""

    def quiesce(self) -> Quiesced:
        """Nothing can be done inside of it."""
        return Quiesced(())

    def force(
        self,
        fault: RequestFault | DisconnectFault,
        healthy: HealthyInference,  # noqa: ARG002 (that is for faults that are timed)
        tolerance_bytes: int,  # noqa: ARG002 (or limited)
    ) -> tuple[Evidence, ...]:
        """Force the fault once; everything that was seen of it.

        Raises:
            DeadlinePassed: a failing request was not answered in time.
        """
        mark = self.running.output_mark()
        failing = [self._requests.of(fault)] * fault.concurrent
        beside = [self._requests.healthy] * (fault.concurrent if fault.concurrent > 1 else 0)
        answers = self._wait(self._client.send([*failing, *beside]))
        forced = answers[: fault.concurrent]
        if any(answer.late for answer in forced) and self.running.exit_status() is None:
            raise DeadlinePassed("the failing request was not answered in time")
        pattern = fault.expect.body if fault.expect is not None else None
        seen = list(evidence_of(forced, pattern, self._clock))
        seen += failed_beside(answers[fault.concurrent :])
        if isinstance(fault, DisconnectFault):
            seen += complete_too_soon(forced)
        status = self.running.exit_status()
        if status is not None:
            seen.append(died_evidence(status))
        return (*seen, *output_evidence(output_of(fault), self.running, mark, self._clock))

    def kill(self, fault: KillFault, healthy: HealthyInference) -> tuple[Evidence, ...]:
        """Kill the server, or its biggest child, half-way through a request; what was seen.

        One that was faster than the last is followed by another, with a call of ``again``.

        Raises:
            StepFailed: a healthy request failed.
        """
        batches = []

        def is_over(until: float) -> bool:
            batches.append(self._client.send([self._requests.healthy]))
            while not batches[-1].is_over() and (left := until - self._clock.now()) > 0:
                self._pause(min(_TICK_SECONDS, left))
            if not batches[-1].is_over():
                return False
            must_be_served(batches[-1].answers())
            return True

        after = half_way(healthy.seconds, self._clock.now, self.again, is_over)
        seen = [] if after is None else [_gate_saw(Seen.KILLED_AFTER, after)]
        if not isinstance(fault, ServerKillFault) or fault.process == "parent":
            self.running.kill_root()
            status = self.wait_for_exit(_KILL_SECONDS)
            seen += [] if status is None else [died_evidence(status)]
        else:
            seen.append(_gate_saw(Seen.KILLED_CHILD, self._kill_child()))
        batches[-1].give_up()
        return tuple(seen)

    def wait_for_exit(self, seconds: float | None = None) -> int | None:
        """The exit status of a server that is about to end; None if it didn't in time."""
        deadline = self._clock.now() + (self._workload.stop.timeout if seconds is None else seconds)
        while (status := self.running.exit_status()) is None and self._clock.now() < deadline:
            self._pause(_TICK_SECONDS)
        return status

    def stop(self) -> str | None:
        """Ask it to end, and wait for that; what went wrong, if anything.

        One that won't is left, like whatever it started: what stays is a survivor.
        """
        stop = self._workload.stop
        if self.running.exit_status() is None:
            send_signal(self.running.root, Signals[stop.signal])
            if self.wait_for_exit() is None:
                return f"the server did not end within {stop.timeout:g} s of its {stop.signal}"
        return None

    def _wait(self, batch: Batch) -> list[Answer]:
        """The answers; of a server that has ended, what came before."""
        given_up: float | None = None
        while not batch.is_over():
            if given_up is None and self.running.exit_status() is not None:
                given_up = self._clock.now() + _DYING_SECONDS
            if given_up is not None and self._clock.now() > given_up:
                batch.give_up()
            if self.gauge is not None:
                self.gauge.tick()
            self._pause(_TICK_SECONDS)
        answers = batch.answers()
        if any(answer.error is not None and not answer.late for answer in answers):
            self.wait_for_exit(_DYING_SECONDS)
        return answers

    def _pause(self, seconds: float) -> None:
        self._tick()
        self._clock.sleep(seconds)

    def _kill_child(self) -> str:
        """Kill the child that has most in memory, and see it gone; who it was.

        Raises:
            StepFailed: there is none, or it stays.
        """
        children = [one for one in self.running.processes() if one.pid != self.running.root.pid]
        if not children:
            raise StepFailed("the server has no child that could be killed")
        child = max(children, key=lambda one: resident_bytes(one.pid))
        send_signal(child, SIGKILL)
        deadline = self._clock.now() + _KILL_SECONDS
        while self._is_there(child) and self._clock.now() < deadline:
            self._pause(_TICK_SECONDS)
        if self._is_there(child):
            raise StepFailed(f"{child.name} (PID {child.pid}) doesn't end when it is killed")
        return f"{child.name} (PID {child.pid})"

    def _is_there(self, child: Process) -> bool:
        there = {(one.pid, one.started) for one in self.running.processes()}
        return (child.pid, child.started) in there


def _gate_saw(what: Seen, value: str | int) -> Evidence:
    return Evidence(source=Source.GATE, what=what, value=value)
