"""A sweep over an inference's points, from the gate's side: asks the worker, point by point."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from ops002.agents import wire
from ops002.config.schema import OomSweepFault
from ops002.measurement import Evidence, Seen, Source
from ops002.points import WORTH_TELLING_BYTES, Sweep, SweptPoint, Untold
from ops002.workloads import DeadlinePassed, Died, StepFailed, exception_evidence
from ops002.workloads.replies import must_succeed

_COUNTED_TWICE: Final = 2
_LOOKED_TWICE: Final = 2
_BEGUN_TWICE: Final = 2
_AGAIN: Final = 2
"""Times that a point is made to fail once more if it added memory: a slot is filled only once."""

_MOST_KEPT_TOLERANCES: Final = 8
_MOST_NOTABLE: Final = 300
"""Of the points that keep something, and as many of those that are odd in another way."""
_MOST_PLACES: Final = 12
_MOST_ERRORS: Final = 1000
"""Pieces of evidence: what the workload says is not to fill the report."""
_MOST: Final = 2**63

Ask = Callable[..., wire.Message]
"""Sends a request (its name, how many inferences it makes if not one, its fields): the reply."""


class PointSweep:
    """One sweep: prepared while the workload warms up, then run once.

    ``worst`` is the place of the point after which most was alive, among those that were chosen.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._points = self._sites = self._chosen = 0
        self._tried = self._raised = self._failed = self._differed = self._missed = 0
        self._events: int | Untold = Untold(untold="the allocator wasn't asked")
        self._out_of_reach: tuple[str, ...] = ()
        self._notable: list[SweptPoint] = []
        self._told = {True: 0, False: 0}
        self._worst: SweptPoint | None = None
        self._errors: list[Evidence] = []
        self._stopped: str | None = None
        self._most = self._kept = self._healthy = 0
        self._next = self._coming = ""
        self.worst = 0

    @property
    def seen(self) -> Sweep:
        """What it saw so far: the point after which most was alive is always told."""
        worst = () if self._worst is None or self._worst in self._notable else (self._worst,)
        return Sweep(
            points=self._points,
            sites=self._sites,
            chosen=self._chosen,
            tried=self._tried,
            raised=self._raised,
            failed=self._failed,
            differed=self._differed,
            healthy_bytes=self._healthy,
            allocator_events=self._events,
            out_of_reach=self._out_of_reach,
            notable=(*self._notable, *worst),
            stopped=self._stopped,
        )

    def prepare(self, fault: OomSweepFault) -> None:
        """Learn the points and choose some; nothing fails yet.

        Raises:
            WorkloadError: an inference failed, or passed its deadline.
        """
        looked = self._ask("sweep-look", _LOOKED_TWICE, eager=fault.eager)
        must_succeed("the inference that is looked at", looked)
        found = looked.get("out_of_reach")
        self._out_of_reach = tuple(map(str, found)) if isinstance(found, list) else ()
        self._hear_events(looked)
        if self._out_of_reach:
            return
        for _ in range(_COUNTED_TWICE):  # the first has torch load what counting needs
            counted = self._ask("sweep-count")
            must_succeed("the inference whose operators are counted", counted)
        self._hear_events(counted)
        self._points, self._sites = _whole(counted, "points"), _whole(counted, "sites")
        chosen = self._ask("sweep-choose", points=fault.points)
        self._chosen = _whole(chosen, "chosen")

    def run(self, tolerance_bytes: int) -> None:
        """Have each chosen point fail once.

        Raises:
            DeadlinePassed: an inference didn't end after its error.
            Died: the workload ended with one.
        """
        if self._chosen == 0:
            return
        begun = self._ask("sweep-begin", _BEGUN_TWICE)
        must_succeed("the healthy inference before the sweep", begun)
        self._healthy = _whole(begun, "healthy")
        self._next = str(begun.get("next"))
        for place in range(self._chosen):
            point = self._fail(place)
            if point.added_bytes > WORTH_TELLING_BYTES:
                again = tuple(self._fail(place, anew=False).kept_bytes for _ in range(_AGAIN))
                point = replace(point, again_bytes=again)
            self._next = self._coming
            self._note(point, place)
            if self._kept > _MOST_KEPT_TOLERANCES * tolerance_bytes:
                self._stopped = "more is kept by now than the rest of the sweep could say"
                return

    def evidence(self) -> Iterator[Evidence]:
        """How many points ran out of memory and how the inferences ended: the workload's word."""
        source = Source.WORKLOAD
        yield from self._errors
        yield Evidence(source=source, what=Seen.POINTS, value=self._points)
        yield Evidence(source=source, what=Seen.POINTS_RAISED, value=self._raised)
        yield Evidence(source=source, what=Seen.POINTS_FAILED, value=self._failed)
        yield Evidence(source=source, what=Seen.POINTS_MISSED, value=self._missed)
        if self._out_of_reach:
            yield Evidence(source=source, what=Seen.OUT_OF_REACH, value=self._out_of_reach)

    def _fail(self, place: int, *, anew: bool = True) -> SweptPoint:
        where = f"point {place + 1} of {self._chosen} ({self._next})"
        try:
            reply = self._ask("sweep-fail", place=place)
        except DeadlinePassed as error:
            self._stopped = f"the inference that ran out of memory at {where} did not end in time"
            raise DeadlinePassed(f"{self._stopped}: {error}") from None
        except Died:
            self._stopped = f"the workload ended as it ran out of memory at {where}"
            raise
        raised, returned = reply.get("raised") is True, reply.get("ok") is True
        if anew:
            self._tried += 1
            self._raised += raised
            self._failed += raised and not returned
            self._differed += reply.get("same") is not True
            self._missed += returned and not raised and reply.get("same") is not True
            self._errors += exception_evidence(reply.get("exceptions"))
            del self._errors[_MOST_ERRORS:]
        self._coming = str(reply.get("next"))
        kept, before = _signed(reply, "kept"), self._kept
        self._kept = kept
        stack = reply.get("stack")
        return SweptPoint(
            number=_whole(reply, "point"),
            operator=str(reply.get("operator", "")),
            stack=tuple(map(str, stack[-_MOST_PLACES:])) if isinstance(stack, list) else (),
            raised=raised,
            returned=returned,
            live_bytes=_signed(reply, "live"),
            kept_bytes=kept,
            added_bytes=kept - before,
        )

    def _note(self, point: SweptPoint, place: int) -> None:
        """Keep a point to tell of."""
        most = max(point.live_bytes, point.kept_bytes, *point.again_bytes)
        if most > max(self._most, WORTH_TELLING_BYTES):
            self._most, self._worst, self.worst = most, point, place
        came = max(point.live_bytes - point.kept_bytes, point.added_bytes) > WORTH_TELLING_BYTES
        odd = point.returned or not point.raised
        # What is odd alone must not crowd out what leaks.
        if (came or odd) and self._told[came] < _MOST_NOTABLE:
            self._told[came] += 1
            self._notable.append(point)

    def _hear_events(self, reply: wire.Message) -> None:
        events = reply.get("events")
        if type(events) is int and 0 <= events < _MOST:
            self._events = events


def _whole(reply: wire.Message, key: str) -> int:
    """A number that can't be negative."""
    if (number := _signed(reply, key)) < 0:
        raise StepFailed(f"the worker's {key} is {number}, which can't be")
    return number


def _signed(reply: wire.Message, key: str) -> int:
    number = reply.get(key)
    if type(number) is not int or not -_MOST < number < _MOST:
        raise StepFailed(f"the worker doesn't say how much {key} is")
    return number
