"""What is wrong with a config file, said so that its author can mend it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ops002.text import clean, inert

Path = tuple[str | int, ...]
"""Where a value stands: keys and indexes from the root."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: its line (from 1), the dotted key path, what is wrong and what is allowed."""

    line: int
    path: str
    message: str

    def render(self, file: str) -> str:
        """``file:line: key path: message``."""
        # Keys and patterns come from the file, perhaps a stranger's: no escape codes, no newlines,
        # no commands to a CI runner.
        where = f"{clean(self.path)}: " if self.path else ""
        return inert(f"{file}:{self.line}: {where}{clean(self.message)}")


class ConfigError(Exception):
    """The config file can't be used; holds every problem, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        super().__init__(f"{len(self.problems)} problem(s) in the config")


def dotted(path: Path) -> str:
    """A path as people write it: ``scenarios[0].workload.file``."""
    return "".join(_steps(path)).lstrip(".")


def _steps(path: Path) -> Iterator[str]:
    for step in path:
        yield f"[{step}]" if isinstance(step, int) else f".{step}"
