"""torch.cuda's caching allocator as torch's notes on memory management describe it.

Segments are reserved from the device (here: the stand-in driver) and cached once no tensor is left
in them: tensors below 10 MiB share segments of 20 MiB, others have one of their own, a multiple of
2 MiB. A request that would take the process above its fraction of the device first has the cache
given back, then raises `OutOfMemoryError` and counts it in ``num_ooms``.

``STANDIN_TORCH`` may say ``old`` (no option and no getter for the fraction; as in older versions,
setting it makes the device current), ``cudaMallocAsync`` (another backend) or ``poisoned`` (every
``synchronize`` fails, as after an error in a kernel).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import SimpleNamespace

from standin_gpu import use, visible_cards  # type: ignore[import-not-found]

MIB = 1 << 20
CONTEXT = 300 * MIB
ROUNDING = 2 * MIB
SHARED_BELOW, SHARED_SEGMENT = 10 * MIB, 20 * MIB
KIND = os.environ.get("STANDIN_TORCH", "")
OPTION = "per_process_memory_fraction"


class OutOfMemoryError(RuntimeError):
    """torch's own."""


OutOfMemoryError.__module__ = "torch"


@dataclass
class Segment:
    """What the driver gave, and the sizes of the tensors in it by their key."""

    taken: SimpleNamespace
    tensors: dict[int, int] = field(default_factory=dict)

    def fits(self, size: int) -> bool:
        if size >= SHARED_BELOW:
            return not self.tensors and self.taken.size == segment_size(size)
        shared = self.taken.size == SHARED_SEGMENT
        return shared and sum(self.tensors.values()) + size <= SHARED_SEGMENT


def segment_size(size: int) -> int:
    return SHARED_SEGMENT if size < SHARED_BELOW else -(-size // ROUNDING) * ROUNDING


@dataclass
class Allocator:
    """Of one device; figures in bytes."""

    device: int
    fraction: float
    segments: list[Segment] = field(default_factory=list)
    context: SimpleNamespace | None = None
    peak: int = 0
    ever_reserved: int = 0
    ooms: int = 0
    served: int = 0
    keys: Iterator[int] = field(default_factory=count)

    def allocated(self) -> int:
        return sum(sum(segment.tensors.values()) for segment in self.segments)

    def reserved(self) -> int:
        return sum(segment.taken.size for segment in self.segments)

    def release_cached(self) -> None:
        for segment in [segment for segment in self.segments if not segment.tensors]:
            segment.taken.free()
            self.segments.remove(segment)

    def allocate(self, size: int) -> Callable[[], object]:
        """Make room for a tensor; call what is returned to free it."""
        if self.context is None:
            self.context = use(CONTEXT, self.device)
        fitting = (segment for segment in self.segments if segment.fits(size))
        segment = next(fitting, None) or self.reserve(size)
        key = next(self.keys)
        segment.tensors[key] = size
        self.peak = max(self.peak, self.allocated())
        self.served += 1
        return lambda: segment.tensors.pop(key)

    def reserve(self, size: int) -> Segment:
        more = segment_size(size)
        total = total_memory(self.device)
        if self.reserved() + more > self.fraction * total:
            self.release_cached()
        if self.reserved() + more > self.fraction * total:
            self.ooms += 1
            raise OutOfMemoryError(
                f"CUDA out of memory. Tried to allocate {size / MIB:.2f} MiB. GPU {self.device} "
                f"has a total capacity of {total / MIB:.2f} MiB"
            )
        self.segments.append(Segment(use(more, self.device)))
        self.ever_reserved += more
        return self.segments[-1]


def configured_fraction() -> float:
    """What the environment says, as torch reads it when it first uses a GPU."""
    conf = os.environ.get("PYTORCH_CUDA_ALLOC_CONF", os.environ.get("PYTORCH_ALLOC_CONF", ""))
    options = dict(option.split(":", 1) for option in conf.split(",") if option)
    if KIND == "old" and OPTION in options:
        raise RuntimeError(f"Unrecognized CachingAllocator option: {OPTION}")
    return float(options.get(OPTION, 1.0))


_allocators: list[Allocator] = []
_current = 0
_poisoned = False


def allocate(size: int, device: int) -> Callable[[], object]:
    if not _allocators:
        fraction = configured_fraction()
        _allocators.extend(Allocator(number, fraction) for number in range(device_count()))
    return _allocators[device].allocate(size)


def shut_down() -> None:
    """As at the end of the process: nothing is on a device any more."""
    for allocator in _allocators:
        for taken in (allocator.context, *(segment.taken for segment in allocator.segments)):
            if taken is not None:
                taken.free()
    _allocators.clear()


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
    if KIND == "poisoned" or _poisoned:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


def poison() -> None:
    """Have a kernel fail, here and now: not torch's, which finds that out at the next call."""
    global _poisoned  # noqa: PLW0603 (as a context's: of the process)
    _poisoned = True


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
        "allocation.all.allocated": allocator.served,
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
