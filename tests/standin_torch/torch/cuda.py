"""torch.cuda's caching allocator as torch's notes on memory management describe it.

Segments are reserved from the device (here: the stand-in driver) in multiples of 2 MiB and cached
once their tensor is gone; a request that would take the process above its fraction of the device
first has the cache given back, then raises `OutOfMemoryError` and counts it in ``num_ooms``. One
difference: a segment holds one tensor, it is never split.

``STANDIN_TORCH`` may say ``old`` (no option and no getter for the fraction; as until torch 2.8,
setting it makes the device current) or ``cudaMallocAsync`` (another backend).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from standin_gpu import use, visible_cards  # type: ignore[import-not-found]

MIB = 1 << 20
CONTEXT = 300 * MIB
SEGMENT = 2 * MIB
KIND = os.environ.get("STANDIN_TORCH", "")
OPTION = "per_process_memory_fraction"


class OutOfMemoryError(RuntimeError):
    """torch's own."""


OutOfMemoryError.__module__ = "torch"


@dataclass
class Block:
    """A segment and the tensor in it."""

    taken: SimpleNamespace  # of the driver
    size: int  # of the tensor
    in_use: bool = True


@dataclass
class Allocator:
    """Of one device; figures in bytes."""

    device: int
    blocks: list[Block] = field(default_factory=list)
    context: object = None
    fraction: float = 1.0
    peak: int = 0
    ever_reserved: int = 0
    ooms: int = 0

    def allocated(self) -> int:
        return sum(block.size for block in self.blocks if block.in_use)

    def reserved(self) -> int:
        return sum(block.taken.size for block in self.blocks)

    def release_cached(self) -> None:
        for block in [block for block in self.blocks if not block.in_use]:
            block.taken.free()
            self.blocks.remove(block)

    def allocate(self, size: int) -> Block:
        if self.context is None:
            self.context = use(CONTEXT, self.device)
        block = self._cached(size) or self._reserved(size)
        self.peak = max(self.peak, self.allocated())
        return block

    def _cached(self, size: int) -> Block | None:
        for block in sorted(self.blocks, key=lambda block: block.taken.size):
            if not block.in_use and block.taken.size >= size:
                block.in_use, block.size = True, size
                return block
        return None

    def _reserved(self, size: int) -> Block:
        segment = -(-size // SEGMENT) * SEGMENT
        allowed = int(self.fraction * total_memory(self.device))
        if self.reserved() + segment > allowed:
            self.release_cached()
        if self.reserved() + segment > allowed:
            self.ooms += 1
            raise OutOfMemoryError(
                f"CUDA out of memory. Tried to allocate {size / MIB:.2f} MiB. GPU {self.device} "
                f"has a total capacity of {total_memory(self.device) / MIB:.2f} MiB"
            )
        self.blocks.append(Block(use(segment, self.device), size))
        self.ever_reserved += segment
        return self.blocks[-1]


def configured_fraction() -> float:
    """What the environment says, as torch reads it when it first uses a GPU."""
    conf = os.environ.get("PYTORCH_CUDA_ALLOC_CONF", os.environ.get("PYTORCH_ALLOC_CONF", ""))
    options = dict(option.split(":", 1) for option in conf.split(",") if option)
    if KIND == "old" and OPTION in options:
        raise RuntimeError(f"Unrecognized CachingAllocator option: {OPTION}")
    return float(options.get(OPTION, 1.0))


_allocators: list[Allocator] = []
_current = 0


def allocate(size: int, device: int) -> Block:
    if not _allocators:
        fraction = configured_fraction()
        _allocators.extend(Allocator(number, fraction=fraction) for number in range(device_count()))
    return _allocators[device].allocate(size)


def total_memory(device: int) -> int:
    facts = Path(os.environ["OPS002_STANDIN"], "cards", visible_cards()[device]).read_text()
    return int(dict(line.split(" ", 1) for line in facts.splitlines())["total"])


def is_initialized() -> bool:
    return bool(_allocators)


def device_count() -> int:
    return len(visible_cards())


def current_device() -> int:
    return _current


def set_device(device: int) -> None:
    global _current  # noqa: PLW0603 (as torch's: of the process)
    _current = device


def get_device_properties(device: int) -> SimpleNamespace:
    return SimpleNamespace(total_memory=total_memory(device))


def get_allocator_backend() -> str:
    return KIND if KIND == "cudaMallocAsync" else "native"


def synchronize() -> None:
    pass


def empty_cache() -> None:
    for allocator in _allocators:
        allocator.release_cached()


def memory_stats(device: int) -> dict[str, int]:
    allocator = _allocators[device]
    return {
        "allocated_bytes.all.current": allocator.allocated(),
        "allocated_bytes.all.peak": allocator.peak,
        "reserved_bytes.all.current": allocator.reserved(),
        "reserved_bytes.all.allocated": allocator.ever_reserved,
        "num_ooms": allocator.ooms,
    }


def reset_peak_memory_stats(device: int) -> None:
    _allocators[device].peak = _allocators[device].allocated()


def set_per_process_memory_fraction(fraction: float, device: int) -> None:
    _allocators[device].fraction = fraction
    if KIND == "old":
        set_device(device)


if KIND != "old":

    def get_per_process_memory_fraction(device: int) -> float:
        return _allocators[device].fraction
