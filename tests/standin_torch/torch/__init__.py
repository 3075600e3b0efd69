"""Tensors on the stand-in driver's cards, by an allocator that mimics torch's: see `cuda`.

A scenario imports it as ``torch``, since its folder is on ``PYTHONPATH`` there.
"""

from __future__ import annotations

from types import SimpleNamespace

from . import cuda, utils
from .cuda import OutOfMemoryError as OutOfMemoryError


class Device:
    """One of the cards."""

    type = "cuda"

    def __init__(self, index: int) -> None:
        self._index = index

    def __str__(self) -> str:
        return f"cuda:{self._index}"


class Tensor:
    """Bytes on a card, given back to the allocator once nobody refers to it."""

    dtype = property(lambda _self: "torch.uint8")
    shape = property(lambda self: (self._size,))
    device = property(lambda self: self._device)

    def __init__(self, size: int, device: int) -> None:
        self._size, self._device = size, Device(device)
        self._free = cuda.allocate(size, device)

    def untyped_storage(self) -> SimpleNamespace:
        return SimpleNamespace(
            data_ptr=lambda: id(self), nbytes=lambda: self._size, device=self._device
        )

    def __del__(self) -> None:
        # Where the allocation failed there is nothing to free.
        if hasattr(self, "_free"):
            self._free()


def empty(size: int, *, device: str = "cuda") -> Tensor:
    """``size`` bytes (torch would say: of type uint8) on ``cuda`` or ``cuda:N``."""
    kind, _, index = device.partition(":")
    assert kind == "cuda", "the stand-in has no other device"
    made: Tensor = _empty(size, int(index) if index else cuda.current_device())
    return made


_empty = utils._python_dispatch.Operator("aten.empty.memory_format", Tensor)
_C = SimpleNamespace(TensorBase=Tensor)
