"""The network namespace of a server: sockets are made there by a thread that has entered it.

setns(2): a thread's network namespace is its own; the other threads of the process stay where they
are. It takes CAP_SYS_ADMIN, unless the namespace is the thread's own already.
"""

from __future__ import annotations

import ctypes
import os
import socket
import weakref
from typing import Tuple

_CLONE_NEWNET = 0x40000000
_REFUSED_SECONDS = 1.0


class Namespace:
    """The network namespace of a process; held for as long as this lives."""

    def __init__(self, pid: int) -> None:
        """``pid`` is a process in it now; whoever has that number later doesn't matter.

        Raises:
            OSError: there is no such process, or it isn't ours to look at.
        """
        self._file = open(f"/proc/{pid}/ns/net", "rb")  # noqa: SIM115 (closed with this)
        own, its = os.stat("/proc/self/ns/net"), os.fstat(self._file.fileno())
        self._is_apart = (own.st_dev, own.st_ino) != (its.st_dev, its.st_ino)
        weakref.finalize(self, self._file.close)

    def enter(self) -> None:
        """Have this thread's next sockets be made there.

        Raises:
            OSError: the kernel refused.
        """
        if not self._is_apart:
            return
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(self._file.fileno(), _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def free_port() -> int:
    """A TCP port of this thread's loopback that nobody has, now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def is_taken(address: Tuple[str, int]) -> bool:
    """Whether somebody answers at a host and port."""
    try:
        socket.create_connection(address, _REFUSED_SECONDS).close()
    except OSError:
        return False
    return True
