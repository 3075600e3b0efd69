"""The client agent against real sockets: what it reads, and when it stops waiting."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from ops002.agents.client import exchange
from ops002.agents.client.client import CantEnter, Client
from ops002.agents.client.exchange import Answer, Request
from ops002.agents.client.namespace import free_port, is_taken

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
Script = Callable[[socket.socket], None]


def whole_request(connection: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read:
        read += connection.recv(65536)
    head, _, body = read.partition(b"\r\n\r\n")
    found = re.search(rb"Content-Length: (\d+)", head)
    missing = int(found[1]) - len(body) if found else 0
    while missing > 0:
        more = connection.recv(missing)
        read, missing = read + more, missing - len(more)
    return read


class Peer:
    """Answers each connection by a script, once its request has come."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listening.getsockname()[1]
        self.asked: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.asked.append(whole_request(connection))
            self._script(connection)

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def peer() -> Iterator[Callable[[Script], Request]]:
    """A request to a server that answers by a script."""
    peers: list[Peer] = []

    def made(script: Script) -> Request:
        peers.append(Peer(script))
        return Request(host="127.0.0.1", port=peers[-1].port, target="/", seconds=10.0)

    yield made
    for one in peers:
        one.close()


def ask(*requests: Request) -> list[Answer]:
    """The answers."""
    batch = Client(os.getpid()).send(requests)
    while not batch.is_over():
        time.sleep(0.002)
    return batch.answers()


def sends(text: bytes) -> Script:
    return lambda connection: connection.sendall(text)


def never_ends(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"3\r\nabc\r\n")
        time.sleep(0.01)


def test_an_answer_is_its_status_and_body(peer: Callable[[Script], Request]) -> None:
    refused = b"HTTP/1.1 400 Bad\r\nContent-Length: 4\r\n\r\nlong"
    assert ask(peer(sends(refused))) == [Answer(400, b"long", 4, None, late=False, left=False)]


def test_what_is_asked_is_what_was_given() -> None:
    heard = Peer(sends(HEAD % 0))
    request = Request("127.0.0.1", heard.port, "/v1?a=b", "PUT", {"X-Key": "k"}, b"{}")
    ask(request)
    heard.close()
    (asked,) = heard.asked
    head, _, body = asked.partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /v1?a=b HTTP/1.1\r\n")
    assert {b"X-Key: k", b"Content-Length: 2"} <= set(head.split(b"\r\n"))
    assert body == b"{}"


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x00\xff HELO\r\n",
        b"HTTP/1.1 99999 No\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200,
        b"HTTP/1.1 200 " + b"x" * 100_000,
    ],
)
def test_what_is_no_whole_answer_is_told(peer: Callable[[Script], Request], said: bytes) -> None:
    (answer,) = ask(peer(sends(said)))
    assert answer.error
    assert not answer.late


def test_nobody_there_is_told() -> None:
    (answer,) = ask(Request("127.0.0.1", free_port(), "/", seconds=5.0))
    assert (answer.status, answer.late) == (None, False)
    assert "refused" in str(answer.error)


def test_of_a_long_answer_a_beginning_is_kept(peer: Callable[[Script], Request]) -> None:
    (answer,) = ask(replace(peer(sends(HEAD % 300_000 + b"x" * 300_000)), keep=1000))
    assert (len(answer.body), answer.received, answer.error) == (1000, 300_000, None)


def test_an_answer_without_end_is_no_answer(
    peer: Callable[[Script], Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MOST_BYTES", 1 << 20)
    (answer,) = ask(peer(sends(HEAD % (2 << 20) + b"x" * (2 << 20))))
    assert "longer than 1 MiB" in str(answer.error)


@pytest.mark.parametrize("script", [never_ends, lambda connection: connection.recv(1)])
def test_the_deadline_ends_what_would_not_end(
    peer: Callable[[Script], Request], script: Script
) -> None:
    (answer,) = ask(replace(peer(script), seconds=0.3))
    assert answer.late
    assert answer.error == "it took too long"


def test_a_client_leaves_after_so_many_bytes(peer: Callable[[Script], Request]) -> None:
    (answer,) = ask(replace(peer(never_ends), leave_bytes=5))
    assert (answer.left, answer.received, answer.status) == (True, 5, 200)
    assert answer.error is None


@pytest.mark.parametrize("script", [never_ends, lambda connection: connection.recv(1)])
def test_a_client_leaves_after_so_long(peer: Callable[[Script], Request], script: Script) -> None:
    (answer,) = ask(replace(peer(script), leave_seconds=0.2))
    assert (answer.left, answer.late, answer.error) == (True, False, None)


def test_a_client_that_has_not_asked_yet_has_not_left() -> None:
    waits = threading.Event()
    request = Request("127.0.0.1", 1, "/", seconds=10.0, leave_seconds=0.0)
    one = exchange.Exchange(request)
    thread = threading.Thread(target=one.run, args=(waits.wait,), daemon=True)
    thread.start()

    one.look()
    waits.set()
    thread.join()

    assert one.answer is not None
    assert (one.answer.left, one.answer.status) == (False, None)


def test_a_server_sees_its_client_go(peer: Callable[[Script], Request]) -> None:
    gone = threading.Event()

    def notices(connection: socket.socket) -> None:
        try:
            never_ends(connection)
        except OSError:
            gone.set()

    ask(replace(peer(notices), leave_bytes=3))
    assert gone.wait(10)


def test_whoever_had_the_whole_answer_has_not_left(peer: Callable[[Script], Request]) -> None:
    answers = ask(*(replace(peer(sends(HEAD % 5 + b"hello")), leave_bytes=n) for n in (5, 6)))
    assert [answer.left for answer in answers] == [False, False]


def test_many_are_asked_at_once(peer: Callable[[Script], Request]) -> None:
    """Each waits for all: one after the other they would never end."""
    met = threading.Barrier(100)

    def meets(connection: socket.socket) -> None:
        met.wait(10)
        connection.sendall(HEAD % 0)

    answers = ask(*[peer(meets)] * 100)
    assert [answer.status for answer in answers] == [200] * 100


def test_giving_up_ends_what_is_on_its_way(peer: Callable[[Script], Request]) -> None:
    batch = Client(os.getpid()).send([peer(never_ends)])
    batch.give_up()
    while not batch.is_over():
        time.sleep(0.002)


def test_a_port_is_free_or_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert is_taken(server.getsockname())
    assert not is_taken(("127.0.0.1", free_port()))


def test_a_namespace_of_nobody_cant_be_entered() -> None:
    with pytest.raises(CantEnter, match="CAP_SYS_ADMIN"):
        Client(2**22 + 1)
