"""Calls into the workload, and turns what it raises into plain text at once."""

from __future__ import annotations

import os
import sys
import traceback
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional

MAX_CHAIN = 20
MAX_TEXT = 4000
_MAX_TOLD = 16_000
"""Characters of all messages of a chain: each may take 12 bytes of a message that has a limit."""
_WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")


def describe_chain(error: BaseException) -> List[Dict[str, Any]]:
    """An exception and those behind it: their classes, messages and where they were raised."""
    chain: List[Dict[str, Any]] = []
    seen = set()
    room = _MAX_TOLD
    current: Optional[BaseException] = error
    while current is not None and id(current) not in seen and len(chain) < MAX_CHAIN:
        seen.add(id(current))
        message = _message(current)[:room]
        room -= len(message)
        chain.append(
            {
                "classes": [full_name(kind) for kind in type(current).__mro__[:-1]],
                "message": message,
                "raised_at": _innermost(current.__traceback__),
            }
        )
        current = current.__cause__ or current.__context__
    return chain


def attempt(
    call: Callable[[], object],
    describe: Callable[[BaseException], List[Dict[str, Any]]] = describe_chain,
) -> Dict[str, Any]:
    """Call it; the reply says whether it returned, else which exceptions came.

    The exception is gone when this returns: what outlives it are strings.
    """
    try:
        call()
    except BaseException as error:  # SystemExit and KeyboardInterrupt of the workload, too
        reply: Dict[str, Any] = {"ok": False, "exceptions": describe(error)}
    else:
        reply = {"ok": True}
    _flush()
    # The interpreter's own memory of an error that some hook of the workload may have set.
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        if hasattr(sys, name):
            delattr(sys, name)
    return reply


def _flush() -> None:
    # What the workload printed belongs to the step that printed it.
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # noqa: S112 (closed, or replaced by something of the workload's)
            continue


def full_name(kind: type) -> str:
    """A class by its module's name and its own; a built-in's by its own."""
    module = getattr(kind, "__module__", "")
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        return str(error)[:MAX_TEXT]
    except BaseException:  # a __str__ of the workload may do anything
        return "(its message could not be read)"


def _innermost(trace: Optional[TracebackType]) -> List[str]:
    # The gate's own frames say nothing: those that make the call, and those that have it fail.
    theirs = [one for one in traceback.extract_tb(trace) if not one.filename.startswith(_WORKER)]
    frames = theirs[-8:]
    return [f"{_as_seen_from_here(one.filename)}:{one.lineno} in {one.name}" for one in frames]


def _as_seen_from_here(file: str) -> str:
    """Files of the checkout by their path in it: that is how its owners know them."""
    here = os.path.join(os.getcwd(), "")
    return file.removeprefix(here)
