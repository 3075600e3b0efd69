"""Sentences on who holds memory, and what to do about it; pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ops002.holders import Holder, HolderKind
from ops002.units import show_size

_ADVICE: Final = {
    HolderKind.TRACEBACK: (
        "Keep an error's words, not the exception: its traceback holds every local of the failed "
        "frames, and so do those of its __context__ and __cause__. Where the exception must be "
        "kept, clear them: traceback.clear_frames(error.__traceback__)."
    ),
    HolderKind.CYCLE: (
        "What a cycle holds stays until Python's collector runs; what gc.freeze has hidden from it "
        "stays for good. Break the cycle where the error is handled (often an exception that "
        "refers to itself through a frame), and freeze before the first request only."
    ),
    HolderKind.FRAME: (
        "Code that is paused keeps its locals: close the generator, await or cancel the task, or "
        "end the thread where the request fails."
    ),
    HolderKind.CACHE: (
        "A cache keeps its arguments and results, of a method the object too. Key it by something "
        "small, or clear it where the request fails."
    ),
    HolderKind.OBJECT: (
        "Remove it from there when the request fails, as well as when it succeeds: a finally, or a "
        "with, does both."
    ),
    HolderKind.NATIVE: (
        "Look at what the error path skips in native code: a free, a close, a destructor behind a "
        "return."
    ),
}


def sentence(holder: Holder) -> str:
    """A sentence on a holder, without its end."""
    size = "size unknown" if holder.bytes is None else show_size(holder.bytes)
    who = holder.name if holder.pid is None else f"{holder.name} (PID {holder.pid})"
    match holder.kind:
        case HolderKind.PROCESS:
            return f"Held by {who}, {size}: {holder.detail}"
        case HolderKind.NEIGHBOUR:
            return f"{who} {holder.detail}"
        case HolderKind.UNLISTED:
            return f"{size} {holder.detail}"
        case HolderKind.POINT:
            where = "" if holder.file is None else f" ({holder.file}:{holder.line})"
            return f"{size} {holder.detail}{where}"
        case (
            HolderKind.TRACEBACK
            | HolderKind.CYCLE
            | HolderKind.FRAME
            | HolderKind.CACHE
            | HolderKind.OBJECT
            | HolderKind.NATIVE
        ):
            return holder.detail


def advice_on(holders: Sequence[Holder]) -> str | None:
    """What to do about the biggest holder inside the workload, if there is one."""
    return next((_ADVICE[one.kind] for one in holders if one.kind in _ADVICE), None)
