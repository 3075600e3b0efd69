"""Where a run's config stands in the repository, and how the run is done again; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A line (from 1) of a file, by its path in the repository."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What a result doesn't know: the config's path, and the line of each scenario by its name.

    ``config`` is None where no file is known. ``options`` are what the run was told instead of the
    config's keys, as words of its command line.
    """

    config: str | None = None
    scenarios: Mapping[str, Place] = field(default_factory=dict)
    options: tuple[str, ...] = ()

    def of(self, scenario: str) -> Place | None:
        """Where a scenario stands; the config's first line where that isn't known."""
        return self.scenarios.get(scenario, self.top)

    @property
    def top(self) -> Place | None:
        """The config's first line."""
        return None if self.config is None else Place(self.config, 1)
