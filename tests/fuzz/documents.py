"""Report documents: real ones, edited anywhere, as they stand or made to add up again."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import Enum
from typing import Any, Final

from hypothesis import strategies as st

from ops002 import report
from ops002.measurement import IncidentKind, Phase, Seen, Source, Stage
from ops002.reasons import Outcome, Reason
from tests.builders import MIB, TIB, Serving, document, gate, scenario_document
from tests.reports import RESULTS

_AGAIN: Final = document(
    scenario_document(name="accepts", held_until_gc="accept", repeat=5),
    retry_inconclusive=1,
)
_GROWN: Final = Serving(
    controls=(1000 * MIB, 1001 * MIB), after=1100 * MIB, collected=1003 * MIB, repeat=5
)
ORIGINALS: Final = tuple(
    report.to_document(result)
    for result in (*RESULTS.values(), gate(_GROWN.measurement(), config=_AGAIN))
)
_RAW: Final = frozenset(
    {
        *("measurement", "parameters", "incidents", "environment", "tool"),
        *("attempt", "started_at", "finished_at"),
    }
)

_ENUMS: Final[tuple[type[Enum], ...]] = (Stage, Phase, Seen, Source, IncidentKind, Outcome, Reason)
_WORDS: Final = (
    *(word.value for kind in _ENUMS for word in kind),
    *(
        "cpu",
        "cuda:0",
        "pss-anon-shmem",
        "rss-peak",
        "oom",
        "exit",
        "python",
        "command",
        "generate",
    ),
    *(
        "0B",
        "64MiB",
        "256MiB",
        "257MiB",
        "5s",
        "reject",
        "accept",
        *("server", "oom-sweep", "request", "disconnect"),
    ),
    *(
        "",
        "::error::x",
        "##[error]x",
        "\x1b[2J",
        "\u202e",
        "\0",
        "\r\n",
        "x" * 3000,
        "[bold]",
        "%s",
    ),
)
_sizes: Final = st.integers(-3, 3).flatmap(
    lambda more: st.sampled_from((0, MIB, 64 * MIB, 256 * MIB, 1000 * MIB, TIB, 2**64)).map(
        lambda size: size + more
    )
)
# About the tolerance, and up to a few times of it.
_shifts: Final = st.tuples(
    st.sampled_from((-1, 1)), st.sampled_from((0, 64, 100, 256)), st.integers(-1, 1)
).map(lambda parts: parts[0] * parts[1] * MIB + parts[2])
_numbers: Final = st.one_of(
    _sizes,
    st.integers(-3, 20),
    st.integers(),
    st.floats(),
    st.sampled_from((-0.0, 1e308, 2.0**53, 10**400)),
)
_values: Final = st.one_of(
    st.sampled_from(_WORDS),
    _numbers,
    st.none() | st.booleans() | st.text(max_size=5),
    st.sampled_from(([], {}, [0], {"a": 1}, [[]])),
)

# What no JSON library writes: each stands in the text where its placeholder was.
_PLACEHOLDER: Final = "\u241f{}\u241f"
_TOKENS: Final = (
    *("NaN", "-Infinity", "1e999", "-0", "01", "1.", "+1", "0x1", "9" * 5000, '"\\ud800"', "'a'"),
    *("[" * 990 + "]" * 990, "[" * 100_000, '{"a":' * 300 + "1" + "}" * 300, '"', "tru", "/**/1"),
    *('{"a": 1, "a": 1}', '"pass", "outcome": "pass"', '{"bytes": 0, "bytes": 1}', '"\\u0000"'),
)

Place = tuple[str | int, ...]


def places(value: object, path: Place = ()) -> Iterator[Place]:
    """The way to everything in a document, its root left out."""
    inner: Iterable[tuple[str | int, Any]] = enumerate(value) if isinstance(value, list) else ()
    for key, one in value.items() if isinstance(value, dict) else inner:
        yield (*path, key)
        yield from places(one, (*path, key))


def is_raw(place: Place) -> bool:
    """Whether it stands where a report keeps what was measured, not what follows from it."""
    return not _RAW.isdisjoint(place)


def at(whole: Any, place: Place) -> Any:
    """What stands there."""
    for step in place:
        whole = whole[step]
    return whole


def is_original(data: bytes) -> bool:
    """Whether the text says what a real report says, down to the types; its layout is no matter."""
    try:
        return _sorted(json.loads(data)) in map(_sorted, ORIGINALS)
    except (ValueError, RecursionError):
        return False


def _sorted(whole: object) -> str:
    return json.dumps(whole, sort_keys=True)


def edit(draw: st.DrawFn, whole: Any, among: list[Place]) -> None:
    """Change one of the places."""
    *way, last = draw(st.sampled_from(among))
    around = at(whole, tuple(way))
    change = draw(st.sampled_from(["value", "value", "token", "nudge", "move", "gone", "twice"]))
    if change == "gone":
        del around[last]
    elif change == "twice" and isinstance(last, int):
        around.insert(draw(st.integers(0, len(around))), copy.deepcopy(around[last]))
    elif change == "twice":
        around[draw(st.sampled_from(_WORDS))] = copy.deepcopy(around[last])
    elif change == "move":
        around[last] = copy.deepcopy(at(whole, draw(st.sampled_from(among))))
    elif change == "nudge" and type(around[last]) in {int, float}:
        around[last] += draw(_sizes)
    elif change == "token":
        around[last] = _PLACEHOLDER.format(draw(st.integers(0, len(_TOKENS) - 1)))
    else:
        around[last] = copy.deepcopy(draw(_values))


def _shift(draw: st.DrawFn, whole: dict[str, Any]) -> None:
    """Move every reading of one stage alike, as a leak does: one reading alone is never still."""
    snapshots = [one for trial in whole["trials"] for one in trial["measurement"]["snapshots"]]
    stage = draw(st.sampled_from(sorted({one["stage"] for one in snapshots})))
    more = draw(_shifts)
    for snapshot in snapshots:
        for reading in snapshot["readings"]:
            if snapshot["stage"] == stage and "bytes" in reading:
                reading["bytes"] += more


def written(whole: object) -> bytes:
    """The document's text, each placeholder replaced by what it stands for."""
    text = json.dumps(whole)
    pattern = json.dumps(_PLACEHOLDER.format("")).strip('"').replace("\\", "\\\\")
    half = pattern[: len(pattern) // 2]
    return re.sub(f'"{half}([0-9]+){half}"', lambda found: _TOKENS[int(found[1])], text).encode()


def sealed(whole: dict[str, Any]) -> dict[str, Any]:
    """The document with the digest of what it says now."""
    unsigned = {key: value for key, value in whole.items() if key != "digest"} | {"digest": ""}
    canonical = json.dumps(unsigned, sort_keys=True, separators=(",", ":"))
    return {**whole, "digest": f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"}


def forged(whole: dict[str, Any]) -> dict[str, Any]:
    """The document with all that follows from its raw part made anew, if that can be done."""
    with suppress(report.ReportRefused, ValueError, OverflowError):
        claimed = report._ADAPTER.validate_json(written(whole), strict=True)
        return report.to_document(report._build_again(claimed))
    return whole


@st.composite
def shifted(draw: st.DrawFn) -> dict[str, Any]:
    """A green report with whole waits moved."""
    greens = [one for one in ORIGINALS if one["outcome"] == "pass"]
    whole: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(greens)))
    for _ in range(draw(st.integers(1, 3))):
        _shift(draw, whole)
    return whole


@st.composite
def edited(draw: st.DrawFn, *, raw: bool | None = None, most: int = 1) -> dict[str, Any]:
    """A real report, edited; only in its raw part, or only outside of it, if that is asked for."""
    whole: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(ORIGINALS)))
    for _ in range(draw(st.integers(1, most))):
        among = [place for place in places(whole) if raw in {None, is_raw(place)}]
        if among:
            edit(draw, whole, among)
    return whole
