"""Finds where an inference asks for memory, and has it fail there: once at each point, one a time.

A point is an operator that returns a new storage; on GPUs, one that the allocator served.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple, Union

from ops002.agents.worker import allocator, operators, out_of_reach
from ops002.agents.worker.live import AllocatedBytes, LiveStorages
from ops002.agents.worker.operators import Onlooker, Site
from ops002.agents.worker.user_code import attempt, describe_chain, full_name

WORTH_A_COLLECTION = 1 << 20
"""Bytes: what is held beyond that is looked at again after Python's collector has run."""


class Point:
    """An operator of the inference that asks for memory: its place among all operators."""

    __slots__ = ("operator", "place", "site")

    def __init__(self, place: int, operator: Any, site: int) -> None:
        self.place, self.operator, self.site = place, operator, site


class OomSweep:
    """One inference, the points that it has, and which of them were chosen."""

    def __init__(self, infer: Callable[[], object], device: str, *, eager: bool) -> None:
        self._torch: Any = sys.modules.get("torch")
        self._infer = infer
        self._on_gpus = device == "cuda"
        self._eager = eager
        self._live: Union[AllocatedBytes, LiveStorages, None] = None
        if self._torch is not None:
            self._live = AllocatedBytes() if self._on_gpus else LiveStorages(self._torch)
        self._points: List[Point] = []
        self._sites: List[Site] = []
        self._chosen: List[int] = []
        self._fresh = operators.FreshResults()
        self._base = self._settled = 0
        self._stacks: Dict[int, List[str]] = {}
        self._described: Set[str] = set()

    def look(self) -> Dict[str, Any]:
        """Inferences without failure: what of them is out of reach, and how often memory is asked.

        ``events`` is how often the CPU's allocator was asked; None where nobody tells.
        """
        told: Dict[str, Any] = {"out_of_reach": [], "events": None}

        def look() -> None:
            with out_of_reach.eagerly(self._torch, self._eager):
                told["out_of_reach"] = out_of_reach.look(self._torch, self._infer)
                if not self._on_gpus:
                    told["events"] = out_of_reach.allocations(self._torch, self._infer)

        return {**attempt(look if self._torch is not None else self._infer), **told}

    def count(self) -> Dict[str, Any]:
        """An inference that learns the points; ``same``: those of the last one."""
        if self._torch is None:
            return {**attempt(self._infer), "points": 0, "sites": 0, "same": True}
        served = allocator.served if self._on_gpus else None
        counting = _Counting(self._torch, self._fresh, served)
        reply = attempt(lambda: self._run(counting))
        before = [point.operator for point in self._points]
        same = before == [point.operator for point in counting.points]
        self._points, self._sites = counting.points, counting.sites
        told: Dict[str, Any] = {
            "points": len(self._points),
            "sites": len(self._sites),
            "same": same,
        }
        if self._on_gpus:
            told["events"] = counting.events
        return {**reply, **told}

    def choose(self, wanted: Union[str, int]) -> int:
        """Choose the points to fail: ``sites``, ``all``, or so many, evenly spread; how many."""
        count = len(self._points)
        if wanted == "sites":
            self._chosen = self._of_each_site()
        else:
            few = count if wanted == "all" else min(int(wanted), count)
            self._chosen = [place * count // few for place in range(few)]
        return len(self._chosen)

    def _of_each_site(self) -> List[int]:
        by_site: Dict[int, List[int]] = {}
        for number, point in enumerate(self._points):
            by_site.setdefault(point.site, []).append(number)
        chosen: Set[int] = set()
        for numbers in by_site.values():
            chosen.update((numbers[0], numbers[len(numbers) // 2], numbers[-1]))
        return sorted(chosen)

    def begin(self) -> Dict[str, Any]:
        """What is alive after two more healthy inferences is what must be left after each point.

        ``healthy``: how many bytes the second added. By the first, storages become known that no
        object leads to: those of a model that is frozen, and returned by an operator as it is.
        """
        assert self._live is not None
        gc.collect()
        self._live.begin()
        reply = attempt(self._healthily)
        gc.collect()
        before = self._live.bytes()
        if reply["ok"]:
            reply = attempt(self._healthily)
        gc.collect()
        self._base = self._settled = self._live.bytes()
        return {**reply, "healthy": max(0, self._base - before), "next": self._named(0)}

    def _healthily(self) -> None:
        assert self._live is not None
        nowhere = Point(sys.maxsize, None, 0)
        self._run(_Failing(self._torch, self._live, nowhere, self._fresh, on_gpus=self._on_gpus))

    def fail(self, place: int) -> Dict[str, Any]:
        """Fail a chosen point: bytes beyond those at the beginning, before and after collecting.

        ``raised``: the operator ran out of memory. ``same``: it was the operator that it had been.
        """
        assert self._live is not None
        number = self._chosen[place]
        point = self._points[number]
        failing = _Failing(self._torch, self._live, point, self._fresh, on_gpus=self._on_gpus)
        ooms = _ooms() if self._on_gpus else 0
        reply = attempt(lambda: self._run(failing), self._describe)
        raised = _ooms() > ooms if self._on_gpus else failing.failed
        same = failing.same and failing.reached
        live = self._live.bytes()
        kept = self._after_collection(live)
        told: Dict[str, Any] = {"raised": raised, "same": same, "point": number}
        told["live"], told["kept"] = live - self._base, kept - self._base
        told["operator"], told["stack"] = str(point.operator), self._stack(point)
        return {**reply, **told, "next": self._named(place + 1)}

    def _named(self, place: int) -> str:
        """A chosen point in a few words, told before it fails: after that it may be too late."""
        if place >= len(self._chosen):
            return ""
        point = self._points[self._chosen[place]]
        return f"{point.operator} at {(self._stack(point) or ['an unknown place'])[-1]}"

    def _stack(self, point: Point) -> List[str]:
        if point.site not in self._stacks:
            self._stacks[point.site] = operators.places_of(self._torch, self._sites[point.site])
        return self._stacks[point.site]

    def _after_collection(self, live: int) -> int:
        """What is alive once Python's collector has run, as far as there is reason to run it."""
        assert self._live is not None
        self._settled = min(self._settled, live)
        for generation in (0, 2):
            if live - self._settled <= WORTH_A_COLLECTION:
                return live
            gc.collect(generation)
            live = self._live.bytes()
        self._settled = live
        return live

    def _run(self, onlooker: Union[_Counting, _Failing]) -> None:
        looking_on = operators.looking_on(self._torch)(onlooker)
        with out_of_reach.eagerly(self._torch, self._eager), onlooker.ready(), looking_on:
            self._infer()

    def _describe(self, error: BaseException) -> List[Dict[str, Any]]:
        """What a kind of error is like, the first time that it comes: many points, few kinds."""
        kind = full_name(type(error))
        if kind in self._described:
            return []
        self._described.add(kind)
        return describe_chain(error)


class _Counting(Onlooker):
    """Learns which operators ask for memory, and where they are called."""

    def __init__(
        self, torch: Any, fresh: operators.FreshResults, allocations: Optional[Callable[[], int]]
    ) -> None:
        """``allocations``: how often a GPU's allocator has served so far."""
        self.points: List[Point] = []
        self.sites: List[Site] = []
        self.events = 0
        self._torch = torch
        self._fresh = fresh
        self._allocations = allocations
        self._served = 0
        self._place = -1
        self._numbers: Dict[Site, int] = {}

    @contextlib.contextmanager
    def ready(self) -> Iterator[None]:
        """During an inference."""
        begin = self._served = self._allocations() if self._allocations is not None else 0
        yield
        if self._allocations is not None:
            self.events = self._allocations() - begin

    def before(self, _operator: Any) -> bool:
        self._place += 1
        return False

    def after(self, operator: Any, arguments: Tuple[Any, ...], result: Any) -> bool:
        if self._asked(operator, arguments, result):
            site = operators.site_of(sys._getframe(2))  # noqa: SLF001 (its caller's caller)
            number = self._numbers.get(site)
            if number is None:
                number = self._numbers[site] = len(self.sites)
                self.sites.append(site)
            self.points.append(Point(self._place, operator, number))
        return False

    def _asked(self, operator: Any, arguments: Any, result: Any) -> bool:
        if self._allocations is not None:
            before, self._served = self._served, self._allocations()
            return self._served > before
        if operator not in self._fresh:
            return False
        new = {where for where, size in self._storages(result) if size > 0}
        return bool(new) and bool(new - {where for where, _ in self._storages(arguments)})

    def _storages(self, found: Any) -> Iterator[Tuple[int, int]]:
        for tensor in operators.tensors_in(self._torch, found):
            try:
                storage = tensor.untyped_storage()
            except (NotImplementedError, RuntimeError):  # sparse, or a wrapper's
                continue
            if storage.device.type == "cpu":
                yield storage._cdata, storage.nbytes()  # noqa: SLF001 (see `live`)


class _Failing(Onlooker):
    """Has one point fail, and notes what comes before it."""

    def __init__(
        self,
        torch: Any,
        live: Union[AllocatedBytes, LiveStorages],
        point: Point,
        fresh: operators.FreshResults,
        *,
        on_gpus: bool,
    ) -> None:
        self.reached = self.failed = False
        self.same = True
        self._torch = torch
        self._note = live.note
        self._point = point
        self._on_gpus = on_gpus
        self._fresh = fresh
        self._place = -1
        self._limit = contextlib.ExitStack()

    @contextlib.contextmanager
    def ready(self) -> Iterator[None]:
        """During an inference: a limit is lifted at its end."""
        with self._limit:
            yield

    def before(self, operator: Any) -> bool:
        self._place += 1
        if self._place < self._point.place or self.reached:
            return False
        if not self._on_gpus and operator not in self._fresh:
            return False
        self.reached = True
        self.same = self._place == self._point.place and operator == self._point.operator
        if self._on_gpus:
            # The operator itself runs out. If what is left in the segments in use is enough for it,
            # the next one does that it isn't.
            self._limit.enter_context(allocator.limited(0))
            return False
        return True

    def after(self, operator: Any, _arguments: Tuple[Any, ...], result: Any) -> bool:
        if operator in self._fresh:
            self._note(result)
        return False

    def fail(self) -> None:
        self.failed = True
        operators.run_out_of_memory(self._torch)


def _ooms() -> int:
    return sum(int(one["ooms"]) for one in allocator.figures().get("devices", ()))
