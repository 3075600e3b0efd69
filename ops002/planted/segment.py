"""A command that fails over a segment of shared memory: the leak is that it doesn't unlink it."""

from __future__ import annotations

import mmap
import os
import time
from pathlib import Path

LEAKS = os.environ["OPS002_PLANTED"] == "leak"
SIZE = int(os.environ["OPS002_PLANTED_BYTES"])
SEGMENT = Path(os.environ["OPS002_PLANTED_SEGMENT"])
WORK_SECONDS = 0.5


def main() -> None:
    """Take a segment, work with it, fail."""
    with SEGMENT.open("w+b") as file:
        file.truncate(SIZE)
        # Mapped from the first byte on: another gate on the machine sees whose it is.
        with mmap.mmap(file.fileno(), SIZE) as segment:
            segment.write(b"x" * SIZE)
            time.sleep(WORK_SECONDS)
    if not LEAKS:
        SEGMENT.unlink()
    raise SystemExit("planted: failed")


if __name__ == "__main__":
    main()
