"""The protocol: what is a message, and what is a reply to whom."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ops002.agents import wire

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    st.lists,
    max_leaves=5,
)


@given(st.dictionaries(st.text(), JSON))
def test_a_message_survives_the_wire(message: dict[str, object]) -> None:
    encoded = wire.encode(message)

    assert encoded.count(b"\n") == 2
    assert wire.decode(encoded) == message


@given(st.binary())
def test_any_bytes_are_a_message_or_none(line: bytes) -> None:
    decoded = wire.decode(line)

    assert decoded is None or isinstance(decoded, dict)


def test_what_is_too_long_or_too_deep_is_no_message() -> None:
    assert wire.decode(b'{"a": "' + b"x" * wire.MAX_LINE + b'"}') is None
    assert wire.decode(b"[" * 100_000) is None


def test_a_reply_needs_the_number_the_key_and_an_answer() -> None:
    reply = {"id": 7, "key": "k", "ok": True}

    assert wire.is_reply(reply, 7, "k")
    assert not wire.is_reply(reply, 8, "k")
    assert not wire.is_reply(reply, 7, "other")
    assert not wire.is_reply({**reply, "ok": "yes"}, 7, "k")
