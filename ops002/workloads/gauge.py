"""The engine's own gauge: a figure that it tells of itself, such as the KV cache in use.

What leaks within memory that an engine took at its start is invisible to the driver.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

from ops002.agents.client.client import Batch, Client
from ops002.agents.client.exchange import Answer
from ops002.clock import Clock
from ops002.config.server import Gauge
from ops002.workloads.answers import described, is_served, text_of
from ops002.workloads.requests import Requests

_POLL_SECONDS: Final = 0.1
_TICK_SECONDS: Final = 0.005
_SEARCH_SECONDS: Final = 5.0
_MOST: Final = 1e18
_SAMPLE: Final = r"(?m)^{name}(?:\{{[^\n]*\}})?[ \t]+([^ \t\n]+)"
"""A line of Prometheus' text format: a name, labels perhaps, a value, a time perhaps."""


class EngineGauge:
    """Reads the gauge of one server."""

    def __init__(self, gauge: Gauge, client: Client, requests: Requests, clock: Clock) -> None:
        self._gauge = gauge
        self.within = gauge.within
        self._client = client
        self._requests = requests
        self._clock = clock
        self._asked: Batch | None = None
        self._next = 0.0
        self._seen: list[float] = []

    def tick(self) -> None:
        """While a fault is forced: ask now and then, without waiting."""
        now = self._clock.now()
        if self._asked is None and now >= self._next:
            self._asked = self._client.send([self._requests.quick(self._gauge)])
            self._next = now + _POLL_SECONDS
        elif self._asked is not None and self._asked.is_over():
            value = self._value(self._asked.answers()[0])
            self._asked = None
            # A busy server may not answer in time: what it says when it does is enough.
            self._seen += [value] if isinstance(value, float) else []

    def taken(self) -> tuple[float, ...]:
        """What was read since this was asked last; what is still on its way is read for nobody."""
        if self._asked is not None:
            self._asked.give_up()
            self._asked = None
        seen, self._seen = self._seen, []
        return tuple(seen)

    def now(self) -> float | str:
        """Its value, or why there is none."""
        batch = self._client.send([self._requests.quick(self._gauge)])
        while not batch.is_over():
            self._clock.sleep(_TICK_SECONDS)
        return self._value(batch.answers()[0])

    def pause(self, seconds: float) -> float:
        """Let time pass; what the clock says then."""
        self._clock.sleep(seconds)
        return self._clock.now()

    def _value(self, answer: Answer) -> float | str:
        if not is_served(answer):
            return f"the gauge did not answer: {described(answer)}"
        try:
            with self._clock.limited(_SEARCH_SECONDS):
                return value_in(text_of(answer), self._gauge)
        except TimeoutError:
            return "it takes too long to find the gauge in the answer"


def value_in(text: str, gauge: Gauge) -> float | str:
    """The gauge's value in an answer: the sum of all samples; or why there is none."""
    pattern = gauge.pattern or _SAMPLE.format(name=re.escape(gauge.metric or ""))
    try:
        values = list(_numbers(pattern, text))
    except ValueError:
        return "the gauge is no number"
    if not values:
        return f"the gauge isn't in the answer: {gauge.metric or gauge.pattern}"
    total = math.fsum(values)
    return total if abs(total) <= _MOST else "the gauge is no number that anything can have"


def _numbers(pattern: str, text: str) -> Iterator[float]:
    for found in re.finditer(pattern, text):
        yield float(found.group(1) or "")
