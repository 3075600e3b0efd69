"""What a trial is held to."""

from __future__ import annotations

from dataclasses import dataclass

from ops002.expect import Expectation


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a trial is held to. Sizes in bytes, the window in seconds."""

    tolerance_bytes: int
    min_at_stake_bytes: int
    window: float
    band_bytes: int
    repeat: int
    expectation: Expectation
    accept_held_until_gc: bool = False
