"""Who inside the workload holds what an error left: derived from what the workload says; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ops002.measurement import Measurement, Source
from ops002.retention import Climb, HeldBlocks, HeldBy, LadderStep, Place, Retention, Rung
from ops002.units import show_size

_KEYS: Final = re.compile(r"\[[^][]*\]")
_WORTH_NAMING: Final = 100
"""What holds less than one part in so many of what was retained is left out."""
_MOST: Final = 10


class HolderKind(str, Enum):
    """What kind of thing holds memory; those inside the workload in the order of the ladder."""

    TRACEBACK = "traceback"  # of an exception that is kept: it holds the locals of failed frames
    CYCLE = "cycle"  # of references, that only Python's collector breaks
    FRAME = "frame"  # of code that is paused or running: a generator, a task, a thread
    CACHE = "cache"  # functools.lru_cache
    OBJECT = "object"  # an attribute, an item, a global, a closure
    NATIVE = "native"  # nothing that Python knows of
    POINT = "point"  # a line at which running out of memory leaves it held
    PROCESS = "process"
    NEIGHBOUR = "neighbour"  # a process that isn't the workload's, and moved
    UNLISTED = "unlisted"  # nobody that the driver lists


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One holder. Figures and places that aren't known are None.

    ``source`` is who says so. ``file`` and ``line`` are where it was allocated, if that isn't known
    where the frame stands that holds it. ``detail`` says how it comes to hold the bytes; of a
    neighbour, what it did.
    """

    kind: HolderKind
    source: Source
    bytes: int | None
    pid: int | None
    name: str
    file: str | None
    line: int | None
    detail: str


_KIND_OF_RUNG: Final = {
    Rung.TRACEBACK: HolderKind.TRACEBACK,
    Rung.CYCLE: HolderKind.CYCLE,
    Rung.FROZEN_CYCLE: HolderKind.CYCLE,
}
_KIND_OF: Final = {
    HeldBy.TRACEBACK: HolderKind.TRACEBACK,
    HeldBy.FRAME: HolderKind.FRAME,
    HeldBy.CACHE: HolderKind.CACHE,
    HeldBy.OBJECT: HolderKind.OBJECT,
    HeldBy.UNREACHABLE: HolderKind.NATIVE,
}


def holders_inside(measurement: Measurement) -> tuple[Holder, ...]:
    """What the ladder brought back, then what was still held after it; the biggest first."""
    retention = measurement.retention
    climb = _climb_of(retention)
    if retention is None or climb is None:
        return ()
    told = _Told(retention, climb)
    freed = sorted(told.freed(), key=_bytes, reverse=True)
    left = sorted(told.left(), key=_bytes, reverse=True)
    found = [*freed, *left]
    worth = [holder for holder in found if _WORTH_NAMING * _bytes(holder) >= climb.bytes]
    return tuple(worth[:_MOST])


def _climb_of(retention: Retention | None) -> Climb | None:
    """All that the faults left, or if that is gone again, what the same fault leaves anew."""
    told = () if retention is None else (retention.faults, retention.once_more)
    climbs = [climb for climb in told if climb is not None and climb.held]
    return max(climbs, key=lambda climb: climb.bytes, default=None)


def _bytes(holder: Holder) -> int:
    return holder.bytes or 0


@dataclass(frozen=True, slots=True)
class _Told:
    """What the workload says, and what follows from it."""

    retention: Retention
    climb: Climb

    def freed(self) -> Iterator[Holder]:
        """What came back, step by step."""
        for step in self.climb.steps:
            if step.freed_bytes > 0:
                held = self._held_by(step)
                kind, words = _KIND_OF_RUNG[step.rung], _came_back(step, held)
                yield self._holder(kind, step.name, step.freed_bytes, words, held)

    def left(self) -> Iterator[Holder]:
        """What didn't, by who holds it."""
        for held in self.climb.left:
            kind, words = _KIND_OF[held.kind], _still_held(held)
            yield self._holder(kind, held.name, held.bytes, words, held)

    def _held_by(self, step: LadderStep) -> HeldBlocks | None:
        """The most of what a step brought back."""
        if step.rung is Rung.TRACEBACK:
            same = [
                held
                for held in self.climb.held
                if held.kind is HeldBy.TRACEBACK and any_key(held.name) == any_key(step.name)
            ]
        else:
            same = [held for held in self.climb.held if held.kind is HeldBy.UNREACHABLE]
        return max(same, key=lambda held: held.bytes, default=None)

    def _holder(
        self, kind: HolderKind, name: str, size: int, words: str, held: HeldBlocks | None
    ) -> Holder:
        made = None if held is None else self._made_at(held)
        frame = None if held is None else held.frame
        place = made or frame
        words = f"{show_size(size)} of {show_size(self.climb.bytes)} {words}"
        if place is not None:
            how = "allocated" if made is not None else f"held by {place.function}()"
            words += f", {how} at {self._file(place)}:{place.line}"
        return Holder(
            kind=kind,
            source=Source.WORKLOAD,
            bytes=size,
            pid=self.retention.pid,
            name=name,
            file=None if place is None else self._file(place),
            line=None if place is None else place.line,
            detail=words,
        )

    def _made_at(self, held: HeldBlocks) -> Place | None:
        """Where it was allocated: recorded when the fault was forced once more."""
        again = self.retention.once_more.held if self.retention.once_more is not None else ()
        traced = [held, *again]
        for alike in (_same_chain, _same_holder, _same_kind):
            for other in traced:
                if other.made_at and alike(held, other):
                    return self._innermost(other.made_at)
        return None

    def _innermost(self, places: tuple[Place, ...]) -> Place:
        """The innermost place that is the repository's, else the innermost of the user's."""
        return next((place for place in places if self._inside(place)), places[0])

    def _inside(self, place: Place) -> bool:
        return place.file.startswith(f"{self.retention.root}/")

    def _file(self, place: Place) -> str:
        return place.file.removeprefix(f"{self.retention.root}/")


def any_key(chain: str) -> str:
    """The chain of all that is held in the same way, whatever the key or the place in a list."""
    return _KEYS.sub("[*]", chain)


def _same_chain(one: HeldBlocks, other: HeldBlocks) -> bool:
    return one.what == other.what and any_key(one.chain) == any_key(other.chain)


def _same_holder(one: HeldBlocks, other: HeldBlocks) -> bool:
    return one.kind is other.kind and any_key(one.name) == any_key(other.name)


def _same_kind(one: HeldBlocks, other: HeldBlocks) -> bool:
    return one.kind is other.kind and one.what == other.what


def _came_back(step: LadderStep, held: HeldBlocks | None) -> str:
    """What brought it back."""
    match step.rung:
        case Rung.TRACEBACK:
            way = "" if held is None else _rest_of_the_way(held)
            return f"came back when the traceback kept in {step.name} was cleared{way}"
        case Rung.CYCLE:
            return f"came back when Python's collector broke a cycle ({step.name})"
        case Rung.FROZEN_CYCLE:
            return (
                "came back when the collector saw what gc.freeze had hidden from it, and broke a "
                f"cycle ({step.name})"
            )


def _rest_of_the_way(held: HeldBlocks) -> str:
    """How the holder comes to hold it."""
    rest = held.chain.removeprefix(held.name)
    return f" (…{rest})" if rest else ""


def _still_held(held: HeldBlocks) -> str:
    """Who still holds it."""
    way = _rest_of_the_way(held)
    match held.kind:
        case HeldBy.TRACEBACK:
            return f"is held by the traceback kept in {held.name}{way}"
        case HeldBy.FRAME:
            return f"is held by {held.name}, which isn't at its end{way}"
        case HeldBy.CACHE | HeldBy.OBJECT:
            return f"is kept in {held.name}{way}: {_what(held)}"
        case HeldBy.UNREACHABLE:
            return f"is held by no Python object that is in use: {_what(held)}"


def _what(held: HeldBlocks) -> str:
    return held.what if held.blocks == 1 else f"{held.blocks} blocks such as {held.what}"
