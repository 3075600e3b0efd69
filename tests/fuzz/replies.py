"""What may come on the channel to an agent: replies of every shape, and anything else."""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import strategies as st

from ops002.agents import wire

KEY: Final = "0123456789abcdef"
"""Of the channel; the gate draws its own."""

_texts: Final = st.text(st.characters(), max_size=8) | st.sampled_from(
    ["", "::error::x", "##[error]x", "\x1b[2J", "\u202e", "\ud800", "\0", "\r\n", "x" * 5000]
)
_leaves: Final = st.one_of(
    st.none() | st.booleans() | st.integers() | st.floats(),
    st.sampled_from([10**4000, -(10**400), -0.0]),
    _texts,
)
_any: Final = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=5,
)
_lists: Final = st.lists(_texts | _any, max_size=4)
_exceptions: Final = st.fixed_dictionaries(
    {}, optional={"classes": _lists | _any, "message": _texts | _any, "raised_at": _lists | _any}
)
_out_of_memory: Final = st.just([{"classes": ["torch.OutOfMemoryError"], "message": "no memory"}])
replies: Final[st.SearchStrategy[dict[str, Any]]] = st.fixed_dictionaries(
    {"ok": st.booleans()},
    optional={
        "exceptions": _out_of_memory | st.lists(_exceptions | _any, max_size=3) | _any,
        "did": _lists | _any,
        "limit": st.integers() | st.just(10**4000) | _any,
        "has": st.fixed_dictionaries({}, optional={"fail": _any, "size": _any}) | _any,
        "more": _any,
    },
)

_messages: Final = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from([0, 1, 2, 1.0, True, "1", None]) | _any,
        "key": st.sampled_from([KEY, KEY.upper(), "", None, [KEY]]) | _any,
        "ok": st.booleans() | _any,
    },
)
_odd: Final = st.sampled_from(
    [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b"NaN", b"\xef\xbb\xbf{}", b"\0", b'{"id": 1']
)
lines: Final = st.one_of(
    st.binary(max_size=80),
    _messages.map(wire.encode),
    st.tuples(_messages.map(json.dumps), st.integers(0, 60), st.binary(max_size=3)).map(
        lambda cut: cut[0].encode()[: cut[1]] + cut[2] + cut[0].encode()[cut[1] :]
    ),
    _odd,
)
