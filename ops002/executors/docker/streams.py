"""The streams of a program in a container: one connection, taken apart into pipes."""

from __future__ import annotations

import os
import struct
import threading
from contextlib import suppress
from socket import SHUT_RDWR, socket
from typing import IO, Final

_HEADER: Final = struct.Struct(">BxxxL")
"""Docker's API, "Stream format": the stream's number, three zero bytes, how many bytes follow."""
_STDERR: Final = 2
_CHUNK: Final = 64 * 1024


class Streams:
    """Standard output and error of a program, each as a pipe; without ``apart`` they are one."""

    def __init__(self, connection: socket, *, apart: bool) -> None:
        connection.settimeout(None)
        self._connection = connection
        self.stdout, self._out = _pipe()
        self.stderr, self._err = _pipe() if apart else (self.stdout, self._out)
        # Drained whatever happens: one that isn't stops the program that writes, and the engine's
        # own clearing up.
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def send(self, line: bytes) -> None:
        """Write to standard input; a program that is gone swallows it."""
        with suppress(OSError):
            self._connection.sendall(line)

    def close(self) -> None:
        """Let the connection go: the pipes end."""
        with suppress(OSError):
            self._connection.shutdown(SHUT_RDWR)
        self._connection.close()
        self._thread.join(1.0)

    def _drain(self) -> None:
        try:
            while header := self._exactly(_HEADER.size):
                number, size = _HEADER.unpack(header)
                self._pass_on(self._err if number == _STDERR else self._out, size)
        except OSError:
            return  # closed from this side
        finally:
            for pipe in {self._out, self._err}:
                os.close(pipe)

    def _pass_on(self, pipe: int, size: int) -> None:
        while size > 0:
            chunk = self._connection.recv(min(size, _CHUNK))
            if not chunk:
                return
            size -= len(chunk)
            while chunk:
                chunk = chunk[os.write(pipe, chunk) :]

    def _exactly(self, size: int) -> bytes:
        """So many bytes; fewer than that is the end."""
        read = b""
        while len(read) < size:
            more = self._connection.recv(size - len(read))
            if not more:
                return b""
            read += more
        return read


def _pipe() -> tuple[IO[bytes], int]:
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb"), writing
