"""Gives free memory back, so that it isn't taken for retained memory.

Done identically before the baseline and before each reading after an error. Never Python's
collector: that would hide leaks.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, List, Optional, Tuple

_LIBC = ctypes.CDLL(None)
_TRIM: Optional[Any] = getattr(_LIBC, "malloc_trim", None)
_SET: Optional[Any] = getattr(_LIBC, "mallopt", None)
_ARENA_MAX = -8  # malloc.h


def one_heap() -> None:
    """Have all threads that start from now on share the C heap of the main one.

    ``malloc_trim`` doesn't release the free end of any other, which can be 64 MiB of each thread
    that computes: as much as the default tolerance.
    """
    if _SET is not None:
        _SET(_ARENA_MAX, 1)


def quiesce() -> Tuple[List[str], Optional[str]]:
    """Give what the C heap and torch's allocator hold in reserve back; what was done, what failed.

    glibc keeps freed blocks below a live one; ``malloc_trim`` releases them. A C library without
    it (musl) is left alone, and so is a torch that the workload hasn't imported or that has no
    CUDA context: the list says what was done by what it holds.
    """
    did, failed = _empty_cuda_cache()
    if _TRIM is not None:
        _TRIM(0)
        did.append("malloc_trim")
    return did, failed


def _empty_cuda_cache() -> Tuple[List[str], Optional[str]]:
    # Half of a torch may be there, if its import failed.
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    if cuda is None:
        return [], None
    try:
        if not cuda.is_initialized():
            return [], None
        cuda.synchronize()
        cuda.empty_cache()
    except Exception as error:  # a context that an error has poisoned answers with it from then on
        return [], f"torch.cuda.empty_cache failed: {type(error).__name__}: {error}"
    return ["torch.cuda.empty_cache"], None
