"""Time, and what may end a run from outside: a signal, or its own deadline.

Everything that waits in the gate sleeps here, so that an interruption arrives between two steps,
never within one: no process is started that nobody would end.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

# How long a sleep may run past a signal: short against what a person or a runner waits.
_SLICE_SECONDS: Final = 0.05


_HEARD: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Interrupted(BaseException):
    """The run is to end now; ``signal`` is None where its own deadline passed.

    Not an `Exception`: nothing but the runner may catch it on the way.
    """

    def __init__(self, detail: str, number: int | None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.signal = number


def _late(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError


class Clock:
    """Seconds since the run began, and sleep that ends early when the run must."""

    def __init__(self, max_duration: float) -> None:
        """``max_duration`` in seconds."""
        self._started = time.monotonic()
        self._max_duration = max_duration
        self._signal: int | None = None
        self._over = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take the signals that ask a process to end as a request to end the run, while inside."""
        previous = {number: signal.signal(number, self._hear) for number in _HEARD}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        # The first one counts; clean-up isn't cut short by the next.
        self._signal = self._signal or number

    @contextmanager
    def limited(self, seconds: float) -> Iterator[None]:
        """Have what is computed inside end by a deadline; for the main thread.

        Raises:
            TimeoutError: it did not.
        """
        previous = signal.signal(signal.SIGALRM, _late)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)

    def now(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._started

    def check(self) -> None:
        """End the run if it must end.

        Raises:
            Interrupted: once; after that the clock lets clean-up sleep in peace.
        """
        if self._over:
            return
        if self._signal is not None:
            self._over = True
            name = signal.Signals(self._signal).name
            raise Interrupted(f"the gate got {name}", self._signal)
        if self.now() > self._max_duration:
            self._over = True
            raise Interrupted("max_duration is over", None)

    @property
    def over(self) -> bool:
        """Whether the run was ended from outside."""
        return self._over

    def sleep(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            Interrupted: the run must end.
        """
        until = self.now() + seconds
        while True:
            self.check()
            left = until - self.now()
            if left <= 0:
                return
            time.sleep(min(left, _SLICE_SECONDS))
