"""An exception in the middle of an inference, wherever it happens to be."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Callable, Optional


class InjectedError(RuntimeError):
    """What the gate raises; the workload knows nothing of it and must still clean up."""


def interrupted_after(seconds: float, call: Callable[[], object]) -> None:
    """Call it, and raise `InjectedError` in its main thread after so many seconds.

    A timer's signal handler runs between two bytecodes of the main thread, so the exception comes
    from where the inference is at that moment, or from where it waits for another thread.
    """
    previous = signal.signal(signal.SIGALRM, _raise)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _raise(_number: int, _frame: Optional[FrameType]) -> None:
    raise InjectedError("raised by the gate in the middle of an inference")
