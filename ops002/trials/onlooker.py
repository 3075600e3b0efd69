"""Who is told how a run goes while it goes: a display, or a replay that must keep step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ops002.measurement import Snapshot, Stage


class Onlooker(Protocol):
    """Looks on, and changes nothing."""

    def trial(self, scenario: str, fault: str) -> None:
        """A trial begins."""
        ...

    def stage(self, stage: Stage, fault: int | None) -> None:
        """A stage of it begins; ``fault`` counts from 0 where the stage belongs to one."""
        ...

    def snapshot(self, snapshot: Snapshot) -> None:
        """Readings were taken."""
        ...

    def output(self, lines: Sequence[str]) -> None:
        """A workload that isn't ready yet has printed these lines last."""
        ...

    def wipe(self) -> None:
        """Something else is to be shown: take away what isn't meant to stay."""
        ...


class NobodyLooks:
    """An onlooker that isn't there."""

    def trial(self, scenario: str, fault: str) -> None:
        """Nothing."""

    def stage(self, stage: Stage, fault: int | None) -> None:
        """Nothing."""

    def snapshot(self, snapshot: Snapshot) -> None:
        """Nothing."""

    def output(self, lines: Sequence[str]) -> None:
        """Nothing."""

    def wipe(self) -> None:
        """Nothing."""
