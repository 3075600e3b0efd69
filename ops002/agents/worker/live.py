"""What is alive of an inference's memory: live storages on a CPU, the allocator's bytes on GPUs."""

from __future__ import annotations

import gc
from typing import Any, Dict

from ops002.agents.worker import allocator
from ops002.agents.worker.operators import tensors_in

# torch's own way to pass storages between processes knows them by weak references, too:
# `torch.multiprocessing.reductions.StorageWeakRef`.
# ruff: noqa: SLF001


class LiveStorages:
    """Bytes of the storages of CPU tensors, known by weak references: none is kept alive.

    Known are those that Python's collector knows a tensor of at `begin`, and those noted since. A
    storage that only C++ holds, or only frozen objects, is unknown until an operator returns it.
    """

    def __init__(self, torch: Any) -> None:
        self._torch = torch
        self._known: Dict[int, int] = {}

    def begin(self) -> None:
        """Start anew, from what is alive now."""
        self._forget(list(self._known))
        tensor = self._torch.Tensor
        for found in gc.get_objects():
            if issubclass(type(found), tensor):
                self.note(found)

    def note(self, result: Any) -> None:
        """Know the storages of a tensor, or of all in a list of them."""
        for one in tensors_in(self._torch, result):
            try:
                storage = one.untyped_storage()
            except (NotImplementedError, RuntimeError):  # sparse, or a wrapper's
                continue
            if storage.device.type == "cpu" and storage._cdata not in self._known:
                self._known[storage._weak_ref()] = 0

    def bytes(self) -> int:
        """Bytes of those that are alive."""
        alive = self._torch.UntypedStorage._new_with_weak_ptr
        total, gone = 0, []
        for known in self._known:
            storage = alive(known)
            if storage is None:
                gone.append(known)
            else:
                total += storage.nbytes()
        self._forget(gone)
        return total

    def _forget(self, known: Any) -> None:
        for one in known:
            del self._known[one]
            self._torch.UntypedStorage._free_weak_ref(one)


class AllocatedBytes:
    """Bytes of live tensors on GPUs, as torch's allocator counts them."""

    def begin(self) -> None:
        """Nothing to prepare: the allocator knows."""

    def note(self, result: Any) -> None:
        """The allocator knows."""

    def bytes(self) -> int:
        """Bytes that are allocated, on all devices."""
        told = allocator.figures()
        if "why" in told:
            raise allocator.NoAllocator(told["why"])
        return sum(int(one["allocated"]) for one in told["devices"])
