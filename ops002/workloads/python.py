"""A scenario file in a worker process of the workload's own Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ops002.agents import wire
from ops002.clock import Clock
from ops002.config.recognition import output_of
from ops002.config.schema import (
    CallFault,
    ExceptionFault,
    KillFault,
    OomFault,
    OomSweepFault,
    PythonWorkload,
    WorkerFault,
)
from ops002.measurement import Evidence, Seen, Source
from ops002.points import Sweep
from ops002.workloads import (
    DeadlinePassed,
    Died,
    StepFailed,
    died_evidence,
    output_evidence,
)
from ops002.workloads.halfway import half_way
from ops002.workloads.held_memory import HeldMemory
from ops002.workloads.oom_sweep import PointSweep
from ops002.workloads.replies import first_error, must_succeed, told
from ops002.workloads.serving import HealthyInference, Quiesced
from ops002.workloads.torch_allocator import TorchAllocator
from ops002.workloads.worker_channel import WorkerChannel

_TICK_SECONDS: Final = 0.005
_MAX_SIZE: Final = 2**20
_BEYOND: Final = 8
"""Times the size at which memory first ran out without an error: no inference is asked for more."""
_ADDRESS_BITS: Final = 64
_SHORTEST: Final = 1e-4
_NO_OPERATOR: Final = 2**62  # no inference has so many


class PythonProcess:
    """A started worker, and what can be asked of it."""

    gauge = None

    def __init__(self, workload: PythonWorkload, channel: WorkerChannel, clock: Clock) -> None:
        self.running = channel.running
        self._workload = workload
        self._channel = channel
        self._clock = clock
        self._oom_size = 1
        self._largest = _MAX_SIZE
        self._has: wire.Message = {}
        self.again: Callable[[], None] = clock.check
        self.allocator = TorchAllocator(self._ask_allocator)
        self._points: PointSweep | None = None
        self.held = HeldMemory(channel.request, workload.timeouts.infer, str(Path.cwd()))

    @property
    def sweep(self) -> Sweep | None:
        """What its sweep saw so far; None if the fault it was made ready for isn't one."""
        return None if self._points is None else self._points.seen

    def on_tick(self, tick: Callable[[], None]) -> None:
        """What to do, many times a second, while the worker is waited for."""
        self._channel.tick = tick

    def load(self, device: str) -> None:
        """Import the scenario file and load its model.

        Raises:
            WorkloadError: it failed, died, or passed ``timeouts.start``.
        """
        reply = self._channel.request(
            "load", self._workload.timeouts.start, file=self._workload.file, device=device
        )
        must_succeed("load", reply)
        self.allocator.on_gpus = device == "cuda"
        has = reply.get("has")
        self._has = has if isinstance(has, dict) else {}

    def infer(self) -> float:
        """One healthy inference; how many seconds it took.

        Raises:
            WorkloadError: it failed, died, or passed ``timeouts.infer``.
        """
        started = self._clock.now()
        reply = self._channel.request("infer", self._infer_seconds)
        seconds = self._clock.now() - started
        must_succeed("a healthy inference", reply)
        self.allocator.end(reply)
        return seconds

    def kill(
        self,
        fault: KillFault,  # noqa: ARG002 (a worker is one process)
        healthy: HealthyInference,
    ) -> tuple[Evidence, ...]:
        """Start an inference and kill the worker half-way through; what was seen of it.

        One that was faster than the last is followed by another, with a call of ``again``.

        Raises:
            WorkloadError: a healthy inference failed, or ended the worker.
        """
        after = half_way(healthy.seconds, self._clock.now, self.again, self._infers_before)
        self.running.kill_root()
        seen = [died_evidence(status)] if (status := self.wait_for_exit()) is not None else []
        if after is not None:
            seen.append(Evidence(source=Source.GATE, what=Seen.KILLED_AFTER, value=after))
        return tuple(seen)

    def _infers_before(self, until: float) -> bool:
        number, reply = self._channel.ask("infer"), None
        while reply is None and (left := until - self._clock.now()) > 0:
            reply = self._channel.answer(number, min(_TICK_SECONDS, left))
            self._channel.tick()
        if reply is None and (reply := self._channel.answer(number, 0)) is None:
            return False
        must_succeed("a healthy inference", reply)
        return True

    def wait_for_exit(self) -> int | None:
        """The exit status of a worker that is about to end; None if it didn't by its deadline."""
        deadline = self._clock.now() + self._workload.timeouts.exit
        while (status := self.running.exit_status()) is None and self._clock.now() < deadline:
            self._channel.tick()
            self._clock.sleep(_TICK_SECONDS)
        return status

    def must_have(self, fault: WorkerFault) -> None:
        """Raises `StepFailed` if the scenario file lacks what the fault needs."""
        if isinstance(fault, CallFault) and self._has.get("fail") is not True:
            raise StepFailed(f"{self._workload.file} defines no fail(model), which call needs")

    def make_ready(self, fault: WorkerFault | KillFault) -> None:
        """Once it is warm: make sure that a memory limit can be set, and that threads aren't hit.

        Raises:
            StepFailed: there is nothing to set the limit on.
        """
        if not self.allocator.on_gpus:
            reply = self._channel.request("warm_pools", self._infer_seconds)
            must_succeed("starting thread pools", reply)
        elif isinstance(fault, OomFault | OomSweepFault):
            self.allocator.must_be_limitable()
        self._points = None
        if isinstance(fault, OomSweepFault):
            self._points = PointSweep(self._forced)
            self._points.prepare(fault)
        if isinstance(fault, ExceptionFault) and fault.at_operator is not None:
            # What looks on at operators is loaded now, not under the first fault.
            self._forced("exception", operator=_NO_OPERATOR)

    def collect(self) -> None:
        """Run Python's collector."""
        must_succeed("collecting garbage", self._channel.request("collect", self._infer_seconds))

    def quiesce(self) -> Quiesced:
        """Give free memory back."""
        reply = self._channel.request("quiesce", self._infer_seconds)
        did, failed = reply.get("did"), reply.get("failed")
        steps = tuple(str(step) for step in did) if isinstance(did, list) else ()
        why = None if reply.get("ok") is True else str(failed or "it doesn't say why")
        return Quiesced(steps, why)

    def force(
        self, fault: WorkerFault, healthy: HealthyInference, tolerance_bytes: int
    ) -> tuple[Evidence, ...]:
        """Force the fault once; everything that was seen of it.

        An attempt that turned out healthy is followed by a call of ``again``.

        Raises:
            DeadlinePassed: it didn't end by ``timeouts.infer``.
        """
        mark = self.running.output_mark()
        try:
            match fault:
                case CallFault():
                    reply = self._forced("call")
                    seen = list(told(reply))
                case OomFault():
                    recovers = fault.expect is not None and fault.expect.recovers
                    headroom = healthy.headroom(tolerance_bytes)
                    seen = list(self._force_oom(headroom, recovers=recovers))
                case OomSweepFault():
                    assert self._points is not None
                    seen = []
                    self._points.run(tolerance_bytes)
                    self.held.forced("sweep-fail", {"place": self._points.worst})
                case ExceptionFault():
                    seen = list(self._force_exception(fault, healthy.seconds))
        except Died as died:
            seen = [died_evidence(died.status)]
        if self._points is not None:
            seen += self._points.evidence()
        return (
            *seen,
            *self.allocator.evidence(),
            *output_evidence(output_of(fault), self.running, mark, self._clock),
        )

    def stop(self) -> str | None:
        """Ask the worker to unload and to exit, and wait for it; what went wrong, if anything.

        One that hung before is killed. One that won't go now is left, like whatever it started:
        what stays is a survivor.
        """
        if self._channel.hangs:
            self.running.kill_root()
            return "the workload hung and was killed"
        seconds = self._workload.timeouts.exit
        try:
            reply = self._channel.request("unload", seconds)
            self._channel.request("exit", seconds)
        except Died as died:
            return f"the workload ended while it unloaded (exit status {died.status})"
        except DeadlinePassed:
            return "the workload did not unload by timeouts.exit"
        status = self.wait_for_exit()
        if status is None:
            return "the workload's process did not exit by timeouts.exit"
        if status != 0:
            return f"the workload's process ended with status {status}"
        return None if reply.get("ok") is True else f"unload failed: {first_error(reply)}"

    @property
    def _infer_seconds(self) -> float:
        return self._workload.timeouts.infer

    def _force_oom(self, headroom: int, *, recovers: bool) -> Iterator[Evidence]:
        while True:
            size = self._oom_size if self._has.get("size") is True else None
            reply = self._forced("oom", headroom=headroom, size=size)
            if ran_out := bool(self.allocator.ooms):
                # A library may have helped itself (cuDNN trying workspaces): a larger size fails.
                self._largest = min(self._largest, _BEYOND * self._oom_size)
            failed = reply.get("ok") is not True or (recovers and ran_out)
            if size is None or failed or self._oom_size >= self._largest:
                break
            self._oom_size *= 2
            self.again()
        limit = reply.get("limit")
        if isinstance(limit, int) and limit.bit_length() <= _ADDRESS_BITS:
            yield Evidence(source=Source.WORKLOAD, what=Seen.MEMORY_LIMIT, value=limit)
        if size is not None:
            yield Evidence(source=Source.GATE, what=Seen.SIZE, value=size)
        yield from told(reply)

    def _force_exception(self, fault: ExceptionFault, healthy_seconds: float) -> Iterator[Evidence]:
        """Raise in the middle; a faster inference than the last one gets another, earlier try."""
        operator, function = fault.at_operator, fault.in_function
        if operator is not None or function is not None:
            yield from told(self._forced("exception", operator=operator, function=function))
            return
        replies: list[wire.Message] = []

        def is_over(until: float) -> bool:
            after = max(until - self._clock.now(), _SHORTEST)
            replies.append(self._forced("exception", after=after))
            return replies[-1].get("ok") is True

        half_way(healthy_seconds, self._clock.now, self.again, is_over)
        yield from told(replies[-1])

    def _forced(self, operation: str, inferences: int = 1, **fields: object) -> wire.Message:
        seconds = inferences * self._infer_seconds
        reply = self._channel.request(operation, seconds, **fields)
        self.held.forced(operation, fields)
        self.allocator.end(reply)
        return reply

    def _ask_allocator(self, reset_peaks: bool) -> wire.Message:  # noqa: FBT001 (of the question)
        return self._channel.request("allocator", self._infer_seconds, reset_peaks=reset_peaks)
