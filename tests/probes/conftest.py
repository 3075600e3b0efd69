"""What the tests of the probes share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def segment() -> Iterator[Path]:
    """A place under /dev/shm where nobody else puts anything."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="ops002-probes-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder, "segment")
