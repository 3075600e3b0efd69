"""Gives free memory back, so that it isn't taken for retained memory.

Done identically before the baseline and before each reading after an error. Never Python's
collector: that would hide leaks.
"""

from __future__ import annotations

import ctypes
from typing import Any, List, Optional

_LIBC = ctypes.CDLL(None)
_TRIM: Optional[Any] = getattr(_LIBC, "malloc_trim", None)


def quiesce() -> List[str]:
    """Give the C heap's free pages back to the system; says what was done.

    glibc keeps freed blocks below a live one; ``malloc_trim`` releases them. A C library without
    it (musl) is left alone, and the list says so by being empty.
    """
    if _TRIM is None:
        return []
    _TRIM(0)
    return ["malloc_trim"]
