"""What a worker says of the memory that an error left in it: its own word, so checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from ops002.agents import wire
from ops002.contract import AC_OPS_002_MAX_PLAUSIBLE_GPU_BYTES as _MOST
from ops002.retention import Climb, HeldBlocks, HeldBy, LadderStep, Place, Rung
from ops002.text import clean
from ops002.workloads import StepFailed

_SECONDS: Final = 90.0
"""What a diagnosis may take, apart from the fault that is forced in it."""
_LONGEST: Final = 400


class Ask(Protocol):
    """Sends a request to the worker."""

    def __call__(self, operation: str, seconds: float, **fields: object) -> wire.Message:
        """The reply. Raises `WorkloadError`."""
        ...


class HeldMemory:
    """Asks a worker what holds memory in it. ``root`` is where paths in a report start."""

    def __init__(self, ask: Ask, infer_seconds: float, root: str) -> None:
        self.root = root
        self._ask = ask
        self._infer_seconds = infer_seconds
        self._forced: wire.Message | None = None

    def forced(self, operation: str, fields: wire.Message) -> None:
        """How the fault was forced the last time."""
        self._forced = {"op": operation, **fields}

    def remember(self) -> None:
        """What is there now was there before the faults."""
        self._ask("remember", self._infer_seconds + _SECONDS)

    def explain(self) -> Climb:
        """Who holds what the faults left; changes the workload, so nothing is judged after it.

        Raises:
            WorkloadError: it failed, died, or didn't answer.
        """
        return self._climb(self._ask("explain", _SECONDS))

    def explain_again(self) -> Climb | None:
        """Who holds what the same fault leaves, and where it allocates it; None if none was forced.

        Raises:
            WorkloadError: it failed, died, or didn't answer.
        """
        if self._forced is None:
            return None
        seconds = self._infer_seconds + _SECONDS
        return self._climb(self._ask("explain_again", seconds, forced=self._forced))

    @staticmethod
    def _climb(reply: wire.Message) -> Climb:
        told = reply.get("told")
        if reply.get("ok") is not True or not isinstance(told, dict):
            raise StepFailed("the workload could not say who holds its memory")
        found = _each([told], _climb)
        if not found:
            raise StepFailed("the workload's figures on who holds its memory are none")
        return found[0]


_Item = TypeVar("_Item")


def _each(told: object, parse: Callable[[wire.Message], _Item]) -> tuple[_Item, ...]:
    """What can be made of a list; what isn't of its form is left out."""
    found = []
    for item in told if isinstance(told, list) else ():
        try:
            found.append(parse(item))
        except (TypeError, ValueError, AttributeError):
            continue
    return tuple(found)


def _climb(told: wire.Message) -> Climb:
    return Climb(
        bytes=_size(told.get("bytes")),
        held=_each(told.get("held"), _blocks),
        steps=_each(told.get("steps"), _step),
        left_bytes=_size(told.get("left_bytes")),
        left=_each(told.get("left"), _blocks),
        complete=told.get("complete") is True,
    )


def _blocks(told: wire.Message) -> HeldBlocks:
    frame = told.get("frame")
    return HeldBlocks(
        kind=HeldBy(told.get("kind")),
        name=_text(told.get("name")),
        chain=_text(told.get("chain")),
        what=_text(told.get("what")),
        bytes=_size(told.get("bytes")),
        blocks=_size(told.get("blocks")),
        frame=None if frame is None else _place(frame),
        made_at=_each(told.get("made_at"), _place),
    )


def _step(told: wire.Message) -> LadderStep:
    return LadderStep(
        rung=Rung(told.get("rung")),
        name=_text(told.get("name")),
        before_bytes=_size(told.get("before")),
        after_bytes=_size(told.get("after")),
    )


def _place(told: object) -> Place:
    if not isinstance(told, list):
        raise TypeError("not a place")
    file, line, function = told
    return Place(file=_text(file), line=_size(line), function=_text(function))


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError("not a text")
    return clean(told, _LONGEST)


def _size(told: object) -> int:
    """A number of bytes, or of lines: what no device can have is none."""
    if type(told) is not int or not 0 <= told <= _MOST:
        raise ValueError("not a number of bytes")
    return told
