"""What a count of rare events says of their rate."""

from __future__ import annotations

from math import exp, lgamma, log

CONFIDENCE = 0.95


def upper_bound(events: int, trials: int) -> float:
    """The rate that is not exceeded, with 95 % confidence (Clopper and Pearson, one-sided)."""
    if events >= trials:
        return 1.0
    low, high = events / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(events, trials, middle) > 1 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def _at_most(events: int, trials: int, rate: float) -> float:
    """The probability of no more than so many events."""
    if rate in {0.0, 1.0}:
        return 1.0 - rate
    return sum(
        exp(
            lgamma(trials + 1)
            - lgamma(count + 1)
            - lgamma(trials - count + 1)
            + count * log(rate)
            + (trials - count) * log(1 - rate)
        )
        for count in range(events + 1)
    )
