"""The workload's streams, drained on threads: a pipe that nobody reads stops who writes to it."""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO, Final

from ops002.agents.wire import MAX_LINE

KEEP_BYTES: Final = 8 * 1024 * 1024
"""Of the output's beginning, on file: a model's start-up log many times over."""
TAIL_BYTES: Final = 256 * 1024
"""Of its end, in memory: where the error usually stands."""
_CHUNK: Final = 64 * 1024
_MAX_WAITING: Final = 1000


class OutputLog:
    """All that a workload prints: its beginning in a file, its end in memory, the rest counted."""

    def __init__(self, stream: IO[bytes], file: BinaryIO, path: Path) -> None:
        self._path = path
        self._file = file
        self._on_file = True
        self._kept = 0
        self._total = 0
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._drain, args=(stream,), daemon=True)
        self._thread.start()

    def _drain(self, stream: IO[bytes]) -> None:
        with stream:
            while chunk := os.read(stream.fileno(), _CHUNK):
                with self._lock:
                    self._keep(chunk)

    def _keep(self, chunk: bytes) -> None:
        room = KEEP_BYTES - self._kept
        if room > 0 and self._on_file:
            try:
                self._file.write(chunk[:room])
                self._file.flush()
                self._kept += min(room, len(chunk))
            except OSError:  # a full disk must stop neither the workload nor the gate
                self._on_file = False
        self._total += len(chunk)
        self._tail.append(chunk)
        self._tail_size += len(chunk)
        while self._tail_size - len(self._tail[0]) >= TAIL_BYTES:
            self._tail_size -= len(self._tail.popleft())

    def mark(self) -> int:
        """Bytes printed so far."""
        with self._lock:
            return self._total

    def text(self, start: int) -> str:
        """What is kept of the output since ``start``: from the file, then from the tail."""
        with self._lock:
            tail = b"".join(self._tail)
            head_end = min(self._kept, self._total - len(tail))
            tail_start = self._total - len(tail)
        kept = self._on_disk(start, head_end) + tail[max(0, start - tail_start) :]
        return kept.decode("utf-8", "backslashreplace")

    def _on_disk(self, start: int, end: int) -> bytes:
        if start >= end:
            return b""
        try:
            with self._path.open("rb") as file:
                file.seek(start)
                return file.read(end - start)
        except OSError:
            return b""

    def close(self, seconds: float) -> None:
        """Wait for the last of the output, then let the file go."""
        self._thread.join(seconds)
        with self._lock:
            self._on_file = False  # a straggler's output has nowhere to go any more
            with suppress(OSError):  # a full disk: what couldn't be written can't be now
                self._file.close()


class LineReader:
    """The lines of an agent's channel that hold its key, in order; everything else is dropped."""

    def __init__(self, stream: IO[bytes], key: str) -> None:
        self._key = key.encode("ascii")
        self._lines: queue.Queue[bytes] = queue.Queue(_MAX_WAITING)
        self._thread = threading.Thread(target=self._drain, args=(stream,), daemon=True)
        self._thread.start()

    def _drain(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(MAX_LINE):
                # Replies come one at a time: a full queue is a flood that knows the key.
                if self._key in line and not self._lines.full():
                    self._lines.put(line)

    def receive(self, seconds: float) -> bytes | None:
        """The next line; None if none came in time."""
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            return None
