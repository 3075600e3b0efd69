"""Who refers to an object, and to that one, up to something that is there for good.

The interpreter's own search (``gc.get_referrers``) goes through every object once per level, at the
speed of C: a million of them cost about 0.1 s, and no memory worth the name.
"""

from __future__ import annotations

import contextvars
import gc
import os
import sys
import threading
from collections import deque
from types import FrameType, TracebackType
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

from ops002.agents.worker.blocks import Found, referents
from ops002.agents.worker.deadline import Deadline
from ops002.agents.worker.naming import (
    LRU_CACHE,
    has_frames,
    is_ours,
    locals_of,
    module_of,
    mro_of,
    own_namespace,
    path,
    paused_frame,
    root_name,
    running_frames,
    steps_of,
    type_name,
)

_DEEPEST = 40
_WIDEST = 300
"""Objects whose referrers are looked for at one level."""

Place = Tuple[str, int, str]
"""A file, a line in it, and the function."""


class Way(NamedTuple):
    """How something is held. ``name`` is the part of it that holds the rest, ``chain`` all of it.

    ``kind`` is one of ``traceback``, ``frame``, ``cache``, ``object``.
    """

    kind: str
    name: str
    chain: str
    place: Optional[Place]


class Referrers:
    """A search for the ways from what is there for good to some of the objects found."""

    def __init__(self, found: Found, model: Any, until: Deadline) -> None:
        self._found = found
        self._until = until
        self._parents: Dict[int, List[int]] = {}
        self._roots: Dict[int, str] = {}
        self._named = _named_roots(model)
        self._owners = _owners_of_frames(found)
        self.complete = True
        _link_the_unseen(found)

    def search(self, sources: List[int]) -> None:
        """Go up from the objects of these ids until all ends are found, or time runs out."""
        frontier = self._settle(list(dict.fromkeys(sources)))
        seen = set(frontier)
        for _ in range(_DEEPEST):
            if not frontier:
                return
            if len(frontier) > _WIDEST or self._until.passed():
                self.complete = False
                frontier = frontier[:_WIDEST]
            if self._until.passed():
                return
            above = self._above(frontier)
            frontier = self._settle([one for one in above if one not in seen])
            seen.update(above)
        self.complete = False

    def ways(self) -> Ways:
        """The shortest ways from what is there for good, named things first."""
        below: Dict[int, int] = {}
        children: Dict[int, List[int]] = {}
        for child, parents in self._parents.items():
            for parent in parents:
                children.setdefault(parent, []).append(child)
        queue = deque(sorted(self._roots, key=lambda root: root not in self._named))
        reached = set(queue)
        while queue:
            holder = queue.popleft()
            for child in children.get(holder, ()):
                if child not in reached:
                    reached.add(child)
                    below[child] = holder
                    queue.append(child)
        return Ways(self._found.objects, self._roots, below)

    def classes_above(self, sources: List[int]) -> List[str]:
        """The names of the classes on the way up from something that nothing holds."""
        names: List[str] = []
        level, seen = sources, set(sources)
        while level and len(names) < _WIDEST:
            level = [up for one in level for up in self._parents.get(one, ()) if up not in seen]
            seen.update(level)
            names += [type_name(self._found.objects[one]) for one in level]
        return list(dict.fromkeys(names))

    def _settle(self, ids: List[int]) -> List[int]:
        """Those of the objects that aren't there for good: their referrers are of interest."""
        rest = []
        for one in ids:
            item = self._found.objects[one]
            name = self._named.get(one) or root_name(item)
            if name is None:
                rest.append(one)
            else:
                self._roots[one] = name
        return rest

    def _above(self, frontier: List[int]) -> List[int]:
        objects = self._found.objects
        above: List[int] = []
        for child in frontier:
            known = [*self._found.links.get(child, ()), *self._owners.get(child, ())]
            self._parents.setdefault(child, []).extend(known)
            above += known
        # A frame of a traceback is the exception's; all that lies between is passed over.
        wanted = {child for child in frontier if child not in self._owners}
        own = {id(objects), id(above), id(frontier)}
        for holder in _referrers(objects, wanted):
            if id(holder) in own or is_ours(holder):
                continue
            held = {id(item) for item in referents([holder])} & wanted
            for child in held:
                self._parents.setdefault(child, []).append(id(holder))
            if held:
                above.append(self._found.keep(holder))
        return list(dict.fromkeys(above))


class Ways:
    """The ways down from what is there for good."""

    def __init__(
        self, objects: Dict[int, Any], roots: Dict[int, str], below: Dict[int, int]
    ) -> None:
        self._objects = objects
        self._roots = roots
        self._holder = below

    def to(self, source: int) -> Optional[Way]:
        """The way to an object, by its id; None if it has none."""
        ids = [source]
        while ids[-1] in self._holder:
            ids.append(self._holder[ids[-1]])
        first = self._roots.get(ids[-1])
        if first is None:
            return None
        return _way(first, [self._objects[one] for one in reversed(ids)])


def _way(first: str, way: List[Any]) -> Way:
    chain = path(first, way)
    for place in range(len(way) - 1, 0, -1):
        if type(way[place]) is FrameType and has_frames(way[place - 1]):
            return _by_traceback(first, way, place)
    for place, item in enumerate(way):
        frame = paused_frame(item)
        if frame is not None:
            where = (frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_name)
            return Way("frame", path(first, way[: place + 1]), chain, where)
        if type(item) is LRU_CACHE:
            return Way("cache", path(first, way[: place + 1]), chain, None)
    return Way("frame" if first.startswith("thread ") else "object", chain, chain, None)


def _by_traceback(first: str, way: List[Any], place: int) -> Way:
    """A way through the frame at a place in it; the exceptions before it are one holder."""
    frame, holder = way[place], place - 1
    lines = [step.tb_lineno for step in steps_of(way[holder]) if step.tb_frame is frame]
    where = (frame.f_code.co_filename, (lines or [frame.f_lineno])[0] or 0, frame.f_code.co_name)
    while holder > 0 and has_frames(way[holder - 1]):
        holder -= 1  # by __context__ or __cause__
    return Way("traceback", path(first, way[: holder + 1]), path(first, way), where)


def _referrers(objects: Dict[int, Any], wanted: Set[int]) -> List[Any]:
    return gc.get_referrers(*map(objects.__getitem__, wanted)) if wanted else []


def _named_roots(model: Any) -> Dict[int, str]:
    """What is there for good, by the ids of objects: modules, the model, running code, contexts."""
    named: Dict[int, str] = {}
    for variable, value in contextvars.copy_context().items():
        named[id(value)] = f"contextvar {variable.name!r}"
    for thread, frame in running_frames():
        function = frame.f_code.co_name
        for name, value in locals_of(frame):
            named.setdefault(id(value), f"thread {thread} → {name} in {function}()")
    for name, module in list(sys.modules.items()):
        namespace = own_namespace(module)
        ours = name == "ops002" or name.startswith("ops002.")
        if namespace is not None and not ours and not _is_the_workers(namespace):
            named[id(namespace)] = name
    if model is not None:
        named[id(model)] = type_name(model)
    return named


def _is_the_workers(namespace: Dict[str, Any]) -> bool:
    return str(namespace.get("__file__", "")).endswith(os.path.join("worker", "bootstrap.py"))


def _owners_of_frames(found: Found) -> Dict[int, List[int]]:
    """Frames of tracebacks, by their ids: the exceptions that hold them."""
    owners: Dict[int, List[int]] = {}
    for item in gc.get_objects():
        if has_frames(item) and type(item) is not TracebackType:
            for step in steps_of(item):
                owners.setdefault(found.keep(step.tb_frame), []).append(found.keep(item))
    return owners


def _link_the_unseen(found: Found) -> None:
    """Ways up that ``gc.get_referrers`` doesn't show."""
    for item in gc.get_objects():
        if threading.local in mro_of(type(item)):  # this thread's part of it is held by C code
            namespace = own_namespace(item)
            held = [] if namespace is None else [namespace]
        elif module_of(type(item)) == "_asyncio":  # a task in C hides what it has as a future
            held = [one for one in gc.get_referents(item) if gc.is_tracked(one)]
        else:
            continue
        for one in held:
            found.link(found.keep(one), found.keep(item))
