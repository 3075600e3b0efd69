"""An engine with one slot for the last request that failed: it keeps one, and never a second."""

from __future__ import annotations

import os
import time

LEAKS = os.environ["OPS002_PLANTED"] == "leak"
SIZE = int(os.environ["OPS002_PLANTED_BYTES"])
STEPS = 30
STEP_SECONDS = 0.01


class Engine:
    """Remembers the last request that failed."""

    last_failed: bytes | None = None


def load(_device: str) -> Engine:
    """An engine that hasn't failed yet."""
    return Engine()


def infer(engine: Engine) -> int:
    """Holds the request while it works on it, long enough to be interrupted."""
    request = b"x" * SIZE
    try:
        for _ in range(STEPS):
            time.sleep(STEP_SECONDS)
    except BaseException:
        if LEAKS:
            engine.last_failed = request
        raise
    return len(request)
