"""Sends requests, many at a time: each on a thread that has entered the server's namespace."""

from __future__ import annotations

import threading
from typing import Callable, Iterable, List, TypeVar

from ops002.agents.client.exchange import Answer, Exchange, Request
from ops002.agents.client.namespace import Namespace

_Result = TypeVar("_Result")


class CantEnter(Exception):
    """The server's network namespace can't be entered; the message says why."""


class Batch:
    """Requests that were sent at once."""

    def __init__(self, exchanges: List[Exchange]) -> None:
        self._exchanges = exchanges

    def is_over(self) -> bool:
        """Whether all of them are; to be called often: it ends what is late."""
        return all([exchange.look() for exchange in self._exchanges])  # noqa: C419 (every one)

    def give_up(self) -> None:
        """End what is still on its way."""
        for exchange in self._exchanges:
            exchange.give_up()

    def answers(self) -> List[Answer]:
        """What came, in the order of the requests; to be asked once all are over."""
        return [one.answer for one in self._exchanges if one.answer is not None]


class Client:
    """A client of one server."""

    def __init__(self, pid: int) -> None:
        """``pid`` is a process in the server's network namespace.

        Raises:
            CantEnter: it can't be entered.
        """
        try:
            self._namespace = Namespace(pid)
            self.there(lambda: None)
        except OSError as error:
            raise CantEnter(
                f"the network of the server's container can't be entered ({error.strerror}): run "
                "the gate as root, with CAP_SYS_ADMIN"
            ) from None

    def there(self, work: Callable[[], _Result]) -> _Result:
        """What ``work`` returns where the server is.

        Raises:
            OSError: it can't be entered, or ``work`` raised that.
        """
        done: List[_Result] = []
        failed: List[OSError] = []

        def run() -> None:
            try:
                self._namespace.enter()
                done.append(work())
            except OSError as error:
                failed.append(error)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return done[0]

    def send(self, requests: Iterable[Request]) -> Batch:
        """Send them all at once."""
        exchanges = [Exchange(request) for request in requests]
        for exchange in exchanges:
            thread = threading.Thread(
                target=exchange.run, args=(self._namespace.enter,), daemon=True
            )
            try:
                thread.start()
            except RuntimeError as error:
                exchange.end(f"no thread to send it on: {error}")
        return Batch(exchanges)
