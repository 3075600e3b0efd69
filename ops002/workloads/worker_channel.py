"""The gate's end of the line to a worker: requests, their replies, and deadlines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ops002.agents import wire
from ops002.clock import Clock
from ops002.executors import Running
from ops002.workloads import DeadlinePassed, Died

_TICK_SECONDS: Final = 0.005
_LAST_LINE_SECONDS: Final = 0.2


class WorkerChannel:
    """Asks one worker, one thing at a time; ``hangs`` once it failed to answer."""

    def __init__(self, running: Running, key: str, clock: Clock) -> None:
        self.running = running
        self.hangs = False
        self.tick: Callable[[], None] = clock.check
        self._key = key
        self._clock = clock
        self._requests = 0

    def request(self, operation: str, seconds: float, **fields: object) -> wire.Message:
        """The reply to a request.

        Raises:
            Died: the worker ended instead.
            DeadlinePassed: it didn't answer within ``seconds``.
        """
        number = self.ask(operation, **fields)
        deadline = self._clock.now() + seconds
        while True:
            status = self.running.exit_status()
            reply = self.answer(number, _TICK_SECONDS if status is None else _LAST_LINE_SECONDS)
            if reply is not None:
                return reply
            if status is not None:
                raise Died(status)
            if self._clock.now() > deadline:
                self.hangs = True
                raise DeadlinePassed(f"{operation} did not end within {seconds:g} s")
            self.tick()

    def ask(self, operation: str, **fields: object) -> int:
        """Send a request without waiting; its number."""
        self._requests += 1
        request = {"id": self._requests, "key": self._key, "op": operation, **fields}
        self.running.send(wire.encode(request))
        return self._requests

    def answer(self, number: int, seconds: float) -> wire.Message | None:
        """The reply to a request, if it comes within ``seconds``; other lines are passed over."""
        until = self._clock.now() + seconds
        while (line := self.running.receive(max(0.0, until - self._clock.now()))) is not None:
            reply = wire.decode(line)
            if reply is not None and wire.is_reply(reply, number, self._key):
                return reply
        return None
