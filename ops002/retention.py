"""What a workload says of the memory that an error left in it: data, in the workload's own words.

It explains a verdict and is no part of it. Bytes are integers; places are a file by its absolute
path where the workload runs, and a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class HeldBy(str, Enum):
    """How blocks of memory are held."""

    TRACEBACK = "traceback"  # a local in a frame of an exception that is kept
    FRAME = "frame"  # a local of code that is paused or running: a generator, a task, a thread
    CACHE = "cache"  # functools.lru_cache
    OBJECT = "object"  # an attribute, an item, a global, a closure
    UNREACHABLE = "unreachable"  # by nothing that is in use: a cycle, or native code


class Rung(str, Enum):
    """What was let go of, in the order of the ladder."""

    TRACEBACK = "traceback"
    CYCLE = "cycle"
    FROZEN_CYCLE = "frozen-cycle"  # gc.freeze had hidden it from the collector


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of code. ``function`` is empty where it isn't known."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBlocks:
    """Blocks that are held in the same way, in all so many bytes.

    ``chain`` is the way to the biggest (``Engine.pending['req-17'].kv[3]``), ``name`` the part of
    it that holds the rest. ``frame`` is where the frame stands that holds them, ``made_at`` where
    they were allocated, the innermost place first; empty where that isn't known.
    """

    kind: HeldBy
    name: str
    chain: str
    what: str
    bytes: int
    blocks: int
    frame: Place | None
    made_at: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStep:
    """The retained bytes before and after something was let go of."""

    rung: Rung
    name: str
    before_bytes: int
    after_bytes: int

    @property
    def freed_bytes(self) -> int:
        """What came back."""
        return self.before_bytes - self.after_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """One climb of the ladder: what was held, what came back by which step, what was left then.

    ``complete`` is False where there was more than could be looked at in the time.
    """

    bytes: int
    held: tuple[HeldBlocks, ...]
    steps: tuple[LadderStep, ...]
    left_bytes: int
    left: tuple[HeldBlocks, ...]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What was found after the readings that the verdict rests on.

    ``faults`` is what all the faults left; ``once_more`` what the same fault left when it was
    forced again, with the origin of each allocation recorded. ``root`` is the folder that paths in
    a report start at; where the workload runs it has the same name. ``pid`` is who was asked.
    """

    root: str
    pid: int
    faults: Climb | None
    once_more: Climb | None
