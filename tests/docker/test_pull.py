"""Images that a registry doesn't give."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import ops002, read_report
from tests.docker import engine
from tests.docker.test_image import CLEAN, CONFIG


@pytest.fixture
def silent_registry() -> Iterator[str]:
    """The address of a registry that takes every connection, and never says a word."""
    why = engine.why_not()
    if why is not None:
        pytest.skip(why)
    taken = []

    def take(listening: socket.socket) -> None:
        while True:
            try:
                taken.append(listening.accept())
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=take, args=(listening,), daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
    for connection, _ in taken:
        connection.close()


def test_pull_ends_by_its_deadline(silent_registry: str, tmp_path: Path) -> None:
    """Though nothing is heard of it: not even the engine's own complaint, which comes later."""
    (tmp_path / "engine.py").write_text(CLEAN)
    short = CONFIG.replace("file: engine.py", "file: engine.py, timeouts: {start: 1s}")
    (tmp_path / "ops002.yml").write_text(short)

    ended = ops002(
        "run", "--image", f"{silent_registry}/x:1", "--report-dir", tmp_path / "r", cwd=tmp_path
    )

    assert ended.code == 3, ended.out + ended.err
    assert "the image wasn't here within 1 s" in ended.out.replace("\n", " ").replace("The", "the")
    assert read_report(tmp_path / "r")["reason"] == "workload-failed"
