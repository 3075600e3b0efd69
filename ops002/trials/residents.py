"""The processes that stay: which of them a workload has lost, and which it has in their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ops002.measurement import Process


@dataclass
class Residents:
    """A listing of processes that remembers who was there every time since `begin`.

    Helpers that come and go, in healthy inferences too, are nobody's loss.
    """

    listing: Callable[[], tuple[Process, ...]]
    _there: tuple[Process, ...] | None = field(default=None, init=False)

    def begin(self) -> None:
        """Start to remember anew."""
        self._there = None

    def __call__(self) -> tuple[Process, ...]:
        """Who is there now."""
        found = self.listing()
        now = {(process.pid, process.started) for process in found}
        before = found if self._there is None else self._there
        self._there = tuple(one for one in before if (one.pid, one.started) in now)
        return found

    def throughout(self) -> tuple[Process, ...]:
        """Who was there at every listing since `begin`."""
        return self._there or ()


def replaced(before: tuple[Process, ...], after: tuple[Process, ...]) -> str | None:
    """How the residents changed, in words; None unless some are gone and others are new."""
    known = {(process.pid, process.started) for process in before}
    left = {(process.pid, process.started) for process in after}
    gone = [process for process in before if (process.pid, process.started) not in left]
    new = [process for process in after if (process.pid, process.started) not in known]
    if not gone or not new:
        return None
    return f"processes of the workload were replaced: {_named(gone)} by {_named(new)}"


def _named(processes: list[Process]) -> str:
    return ", ".join(f"{process.name} (PID {process.pid})" for process in processes[:5])
