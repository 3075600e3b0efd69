"""The processes that stay: which of them a workload has lost, and which it has in their place."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ops002.measurement import Process
from ops002.settle import MIN_READINGS


@dataclass
class Residents:
    """A listing of processes that remembers who was there every time, and who was of late.

    Helpers that come and go, in healthy inferences too, are nobody's loss.
    """

    listing: Callable[[], tuple[Process, ...]]
    _there: tuple[Process, ...] | None = field(default=None, init=False)
    _recent: deque[tuple[Process, ...]] = field(
        default_factory=lambda: deque(maxlen=MIN_READINGS), init=False
    )

    def __call__(self) -> tuple[Process, ...]:
        """Who is there now."""
        found = self.listing()
        now = {(process.pid, process.started) for process in found}
        before = found if self._there is None else self._there
        self._there = tuple(one for one in before if (one.pid, one.started) in now)
        self._recent.append(found)
        return found

    def throughout(self) -> tuple[Process, ...]:
        """Who was there at every listing."""
        return self._there or ()

    def of_late(self) -> tuple[Process, ...]:
        """Who was there at the last few listings: whoever came in the middle of a wait, too."""
        if not self._recent:
            return ()
        *earlier, last = self._recent
        known = [{(process.pid, process.started) for process in listing} for listing in earlier]
        return tuple(one for one in last if all((one.pid, one.started) in had for had in known))


def replaced(before: tuple[Process, ...], after: tuple[Process, ...]) -> str | None:
    """How the residents changed, in words; None unless some are gone and others are new."""
    gone, new = lost(before, after), lost(after, before)
    if not gone or not new:
        return None
    return f"processes of the workload were replaced: {named(gone)} by {named(new)}"


def lost(before: tuple[Process, ...], after: tuple[Process, ...]) -> list[Process]:
    """Who was there before and isn't after."""
    left = {(process.pid, process.started) for process in after}
    return [process for process in before if (process.pid, process.started) not in left]


def named(processes: list[Process]) -> str:
    """The first few of them, for a sentence."""
    return ", ".join(f"{process.name} (PID {process.pid})" for process in processes[:5])
