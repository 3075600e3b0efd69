"""The middle of an inference, found without being told when it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_HALF: Final = 0.5
_TRIES: Final = 5


def half_way(
    seconds: float,
    now: Callable[[], float],
    again: Callable[[], None],
    is_over: Callable[[float], bool],
) -> int | None:
    """Be in an inference for half of the ``seconds`` that one takes; the milliseconds, in the end.

    ``is_over`` starts one, waits until the clock shows what it is given, and says whether it is
    over by then: it has ended well, or this raises. One that was faster than the last is followed
    by another, which is met earlier, with a call of ``again`` between them; None if all were.
    """
    for tries_left in reversed(range(_TRIES)):
        started = now()
        over = is_over(started + _HALF * seconds)
        passed = now() - started
        if not over:
            return round(1000 * passed)
        # One is seen to be over later than it was: the next is met earlier in any case.
        seconds = min(_HALF * seconds, passed)
        if tries_left:
            again()
    return None
