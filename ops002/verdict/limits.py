"""What a trial is held to."""

from __future__ import annotations

from dataclasses import dataclass

from ops002.verdict.expect import Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a trial is held to. Sizes in bytes, the window in seconds.

    ``may_cache``: what the workload keeps may be a cache that nobody can ask it to give back.
    ``gauge_within`` is how far its own gauge may stay from its baseline; None if it has none.
    """

    tolerance_bytes: int
    min_at_stake_bytes: int
    window: float
    band_bytes: int
    repeat: int
    expectation: Expectation
    accept_held_until_gc: bool = False
    may_cache: bool = False
    gauge_within: float | None = None
