"""A command that fails over a segment of shared memory: the leak is that it doesn't unlink it."""

from __future__ import annotations

import os
import time
from pathlib import Path

LEAKS = os.environ["OPS002_PLANTED"] == "leak"
SIZE = int(os.environ["OPS002_PLANTED_BYTES"])
SEGMENT = Path(os.environ["OPS002_PLANTED_SEGMENT"])
WORK_SECONDS = 0.5


def main() -> None:
    """Take a segment, work, fail."""
    try:
        SEGMENT.write_bytes(b"x" * SIZE)
        time.sleep(WORK_SECONDS)
        raise SystemExit("planted: failed")
    finally:
        if not LEAKS:
            SEGMENT.unlink()


if __name__ == "__main__":
    main()
