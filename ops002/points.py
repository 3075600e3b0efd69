"""What a sweep over the points of an inference saw: raw data, before anybody judges it.

A point is an operator of the inference that asks for memory; a site is a place of the code that
calls one. Bytes are integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

WORTH_TELLING_BYTES: Final = 1024**2
"""What a point keeps beyond that is told of: interpreters and libraries keep less for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A figure that nobody could tell, and why."""

    untold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptPoint:
    """A point of a sweep after which something was kept, or that didn't do as it should.

    ``number`` counts the points of the inference from 0; ``stack`` is where the operator was
    called, outermost first. ``live_bytes`` is what was alive beyond the sweep's beginning,
    ``kept_bytes`` once Python's collector had run, ``added_bytes`` what that is more than after the
    point before.
    ``again_bytes``: what was kept each time the same point was made to fail once more.
    """

    number: int
    operator: str
    stack: tuple[str, ...]
    raised: bool
    returned: bool
    live_bytes: int
    kept_bytes: int
    added_bytes: int
    again_bytes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What a sweep over an inference's points saw: the workload's own word, all of it.

    Of the ``points`` (at ``sites`` different places of the code) ``chosen`` were to fail; ``tried``
    were, at ``raised`` of them an operator ran out of memory, and at ``failed`` the inference ended
    with an error. At ``differed`` it did other things than when its points were counted.
    ``healthy_bytes``: what a healthy inference added to what is alive, right before the sweep.
    ``allocator_events``: how often the allocator was asked in the counted inference. ``notable``
    are the points to tell of, ``stopped`` says why not all were tried.
    """

    points: int
    sites: int
    chosen: int
    tried: int
    raised: int
    failed: int
    differed: int
    healthy_bytes: int
    allocator_events: int | Untold
    out_of_reach: tuple[str, ...]
    notable: tuple[SweptPoint, ...]
    stopped: str | None
    source: Literal["workload"] = "workload"
