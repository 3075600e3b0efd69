"""One gate per GPU and host: two that force errors on the same card would take each other's memory.

The lock is a name among the kernel's abstract sockets (unix(7)): it is gone with the process that
holds it, however that ends, and leaves no file. It is seen within a network namespace.
"""

from __future__ import annotations

import socket
from collections.abc import Collection


class GpuLock:
    """Holds the GPUs that were taken until it is closed."""

    def __init__(self) -> None:
        self._held: dict[str, socket.socket] = {}

    def take(self, uuid: str) -> bool:
        """Take a GPU, or find that this gate has it; False while another gate does."""
        if uuid in self._held:
            return True
        name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            name.bind(f"\0ops002/{uuid}")
        except OSError:
            name.close()
            return False
        self._held[uuid] = name
        return True

    def let_go_of_others(self, uuids: Collection[str]) -> None:
        """Let all but these go, before any is waited for: two gates would wait for each other."""
        for uuid in self._held.keys() - set(uuids):
            self._held.pop(uuid).close()

    def close(self) -> None:
        """Let all of them go."""
        for name in self._held.values():
            name.close()
        self._held.clear()
