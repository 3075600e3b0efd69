"""What retained memory is held by: looked at, then proved by letting go of one holder at a time.

The rungs: tracebacks of exceptions, then cycles (those that are frozen out of the collector too),
then what is still alive. It changes the workload, so nothing is judged by it after this.
"""

from __future__ import annotations

import contextlib
import gc
import json
import re
from types import TracebackType
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set

from ops002.agents import wire
from ops002.agents.worker.blocks import Block, Found, find, is_frozen
from ops002.agents.worker.deadline import Deadline
from ops002.agents.worker.naming import has_frames, is_ours, paused_frame, steps_of
from ops002.agents.worker.referrers import Place, Referrers, Way, Ways

_MOST_BLOCKS = 200
"""The biggest, whose holders are looked for."""
_MOST_GROUPS = 25
_MOST_STEPS = 12
_MOST_CLASSES = 4
_LONGEST = 300
_SEARCH_SECONDS = 5.0
_LADDER_SECONDS = 15.0
_FURTHER = re.compile(r"(\.__context__|\.__cause__)+$")
"""The way on to the exceptions behind one: they are cleared with it."""
_KEYS = re.compile(r"\[[^][]*\]")
_CONTAINERS = frozenset({"dict", "list", "tuple", "set", "cell", "function", "frame", "traceback"})

Told = Dict[str, Any]


class Subject(NamedTuple):
    """What is looked at: which blocks, and how their bytes are measured.

    ``hidden`` are those that no object leads to. ``live`` gives the retained bytes by torch's
    allocator, or None where there is none to ask.
    """

    model: Any
    on_gpus: bool
    concerns: Callable[[Block], bool]
    live: Callable[[], Optional[int]]
    places: Callable[[Block], List[Place]]
    hidden: Callable[[Found], List[Block]]

    def blocks(self, found: Found) -> List[Block]:
        """What is looked at of what was found, and what is alive besides."""
        return [*filter(self.concerns, found.blocks.values()), *self.hidden(found)]


class _Group(NamedTuple):
    """Blocks that are held in the same way; ``way`` is that of the biggest."""

    way: Way
    what: str
    places: List[Place]
    sizes: List[int]

    def told(self) -> Told:
        return {
            "kind": self.way.kind,
            "name": self.way.name[:_LONGEST],
            "chain": self.way.chain[:_LONGEST],
            "frame": self.way.place,
            "what": self.what[:_LONGEST],
            "bytes": sum(self.sizes),
            "blocks": len(self.sizes),
            "made_at": self.places,
        }


class _Look(NamedTuple):
    """What is alive at one moment, and who holds it."""

    bytes: int
    groups: List[_Group]
    complete: bool

    def told(self) -> List[Told]:
        return [group.told() for group in self.groups[:_MOST_GROUPS]]


def thaw() -> bool:
    """Let the collector see what ``gc.freeze`` hid from it, without running it; whether any was."""
    frozen = is_frozen()
    gc.unfreeze()
    return frozen


def climb(subject: Subject, *, frozen: bool) -> Told:
    """Look, let go of one holder after another, and look again; all in plain values.

    ``frozen`` says that what is garbage here was hidden from the collector.
    """
    until = Deadline(_LADDER_SECONDS)
    before = _look(subject)
    steps = list(_tracebacks(subject, before, until))
    if any(group.way.kind == "unreachable" for group in before.groups):
        steps.append(_cycle(subject, before, steps, frozen=frozen))
    left = _look(subject) if steps else before
    told = {
        "bytes": before.bytes,
        "held": before.told(),
        "steps": steps,
        "left_bytes": left.bytes,
        "left": left.told(),
        "complete": before.complete and left.complete,
    }
    return fitted(told)


def fitted(told: Told) -> Told:
    """What fits into a message: about as few of the smallest holders as that takes are left out."""
    while len(json.dumps(told)) > wire.MAX_LINE // 2:
        longest = max(told["held"], told["left"], told["steps"], key=len)
        # A share at a time: one by one would take a minute where there are thousands.
        del longest[-(len(longest) // 8 + 1) :]
        told["complete"] = False
    return told


@contextlib.contextmanager
def collector_off() -> Iterator[None]:
    """A cycle is to be found, not collected."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _look(subject: Subject) -> _Look:
    """Find the blocks and the ways to them; nothing of the workload is held afterwards."""
    until = Deadline(_SEARCH_SECONDS)
    found = find(until, on_gpus=subject.on_gpus)
    blocks = subject.blocks(found)
    blocks.sort(key=lambda block: block.bytes, reverse=True)
    complete = found.complete and len(blocks) <= _MOST_BLOCKS
    live = _live(subject, sum(block.bytes for block in blocks))
    told = blocks[:_MOST_BLOCKS]
    search = Referrers(found, subject.model, until)
    search.search([item for block in told for item in block.items])
    ways = search.ways()
    groups: Dict[Any, _Group] = {}
    for block in told:
        way = _way_to(block, search, ways)
        places = subject.places(block)
        key = (way.kind, _any_key(way.chain), block.what, tuple(places[:1]))
        groups.setdefault(key, _Group(way, block.what, places, [])).sizes.append(block.bytes)
    ordered = sorted(groups.values(), key=lambda group: sum(group.sizes), reverse=True)
    return _Look(live, ordered, complete and search.complete)


def _way_to(block: Block, search: Referrers, ways: Ways) -> Way:
    found = [way for way in map(ways.to, block.items) if way is not None]
    if found:
        return min(found, key=lambda way: len(way.chain))
    above = search.classes_above(block.items)
    classes = [name for name in above if name not in _CONTAINERS]
    name = ", ".join(classes[:_MOST_CLASSES])
    return Way("unreachable", name, name, None)


def _any_key(chain: str) -> str:
    """The chain of all that is held in the same way, whatever the key or the place in a list."""
    return _KEYS.sub("[*]", chain)


def _live(subject: Subject, found: int) -> int:
    told = subject.live()
    return found if told is None else told


def _measure(subject: Subject) -> int:
    told = subject.live()
    if told is not None:
        return told
    found = find(Deadline(_SEARCH_SECONDS), on_gpus=subject.on_gpus)
    return sum(block.bytes for block in subject.blocks(found))


def _tracebacks(subject: Subject, before: _Look, until: Deadline) -> Iterator[Told]:
    """Clear the tracebacks that hold something, those kept in the same way together."""
    by_traceback = [group.way.name for group in before.groups if group.way.kind == "traceback"]
    names = list(dict.fromkeys(map(_any_key, by_traceback)))
    held = before.bytes
    for name in names[:_MOST_STEPS]:
        if until.passed():
            return
        _clear_kept_in(name, subject.model)
        after = _measure(subject)
        shown = next(one for one in by_traceback if _any_key(one) == name)
        yield {"rung": "traceback", "name": shown[:_LONGEST], "before": held, "after": after}
        held = after


def _clear_kept_in(name: str, model: Any) -> None:
    """Clear the frames of all exceptions that are kept in a place of this name."""
    found = Found()
    errors = [found.keep(item) for item in gc.get_objects() if has_frames(item)]
    paused = {id(frame) for frame in map(paused_frame, gc.get_objects()) if frame is not None}
    whole = [one for one in errors if type(found.objects[one]) is not TracebackType]
    behind = {id(step) for one in whole for step in steps_of(found.objects[one])}
    errors = [one for one in errors if one not in behind]
    search = Referrers(found, model, Deadline(_SEARCH_SECONDS))
    search.search(errors)
    ways = search.ways()
    for error in errors:
        way = ways.to(error)
        if way is not None and _any_key(_FURTHER.sub("", way.chain)) == name:
            _clear(found.objects[error], paused)


def _clear(error: Any, paused: Set[int]) -> None:
    for step in steps_of(error):
        # Clearing a paused generator's would run the workload's code: it goes with its traceback.
        if id(step.tb_frame) not in paused and not is_ours(step.tb_frame):
            with contextlib.suppress(RuntimeError):  # it is running
                step.tb_frame.clear()
    if type(error) is not TracebackType:
        BaseException.__dict__["__traceback__"].__set__(error, None)


def _cycle(subject: Subject, before: _Look, steps: List[Told], *, frozen: bool) -> Told:
    """Have the collector break what nothing leads to; the name is that of the most."""
    gc.collect()
    names = [group.way.name for group in before.groups if group.way.kind == "unreachable"]
    return {
        "rung": "frozen-cycle" if frozen else "cycle",
        "name": next(filter(None, names), "")[:_LONGEST],
        "before": steps[-1]["after"] if steps else before.bytes,
        "after": _measure(subject),
    }
