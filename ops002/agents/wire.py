"""The protocol between the gate and an agent: one JSON object per line, each way.

A request is ``{"id", "key", "op", ...}``; its reply ``{"id", "key", "ok", ...}``. The key is drawn
anew for each start and reaches the agent in its first request. It keeps stray output that lands in
the channel from being taken for a reply; it is no protection against code that wants to lie, which
is why nothing of weight rests on what an agent inside the workload says.

Standard library only, Python 3.9: the worker runs in the workload's interpreter.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Optional

MAX_LINE = 256 * 1024
"""Bytes of one message; a longer line is no message of ours."""

Message = Dict[str, Any]


def encode(message: Message) -> bytes:
    """One line. The newline in front ends whatever else was written to the channel before."""
    return b"\n" + json.dumps(message, ensure_ascii=True).encode("ascii") + b"\n"


def decode(line: bytes) -> Optional[Message]:
    """The message of a line, or None if it isn't one."""
    if not line.strip() or len(line) > MAX_LINE:
        return None
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


def is_reply(message: Message, number: int, key: str) -> bool:
    """Whether a message answers request ``number`` of the holder of ``key``."""
    return (
        message.get("id") == number
        and message.get("key") == key
        and isinstance(message.get("ok"), bool)
    )
