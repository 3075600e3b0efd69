"""When a search gives up."""

from __future__ import annotations

import time

_WALL = 2.5


class Deadline:
    """Passed after so many seconds of this thread's own, or ``_WALL`` times as many of the clock's.

    A busy machine makes a search last, not give up; one that hardly runs doesn't last for ever.
    """

    def __init__(self, seconds: float) -> None:
        self._own = time.thread_time() + seconds
        self._clocks = time.monotonic() + _WALL * seconds

    def passed(self) -> bool:
        """Whether it is time to give up."""
        return time.thread_time() > self._own or time.monotonic() > self._clocks
