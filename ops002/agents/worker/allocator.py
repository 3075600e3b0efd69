"""What torch's CUDA allocator says of itself, where the workload uses it, and a limit for it.

torch is never imported here, and no CUDA context made: only devices on which the allocator has
reserved something before are asked.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any, Dict, Iterator, List, Tuple

_FIGURES = {
    "allocated": "allocated_bytes.all.current",
    "reserved": "reserved_bytes.all.current",
    "peak": "allocated_bytes.all.peak",
    "ooms": "num_ooms",
}
"""Ours, and torch's name of each in ``torch.cuda.memory_stats``."""

_RESERVED = tuple(f"reserved_bytes.all.{kind}" for kind in ("current", "peak", "allocated"))
"""Any of them is above 0 where anything was ever reserved; a workload may reset the last two."""


class NoAllocator(Exception):
    """There is no allocator of torch's to ask or to limit: says why."""


def figures(*, reset_peaks: bool = False) -> Dict[str, Any]:
    """Bytes that are allocated and reserved by device, the peak since its reset, and ``num_ooms``.

    ``visible`` is how many devices torch sees. Where no allocator is in use there is ``why`` alone.
    """
    try:
        cuda = _cuda()
        if reset_peaks:
            for device, _ in _used(cuda):
                cuda.reset_peak_memory_stats(device)
        devices = [
            {"device": device, **{ours: stats.get(name) for ours, name in _FIGURES.items()}}
            for device, stats in _used(cuda)
        ]
        return {"visible": cuda.device_count(), "devices": devices}
    except NoAllocator as none:
        return {"why": str(none)}
    except Exception as error:  # a context that an error has poisoned may answer with it to all
        return {"why": f"{type(error).__name__}: {error}"}


def served() -> int:
    """How often the allocator has served so far, on all devices in use.

    Raises:
        NoAllocator: there is none.
    """
    return sum(int(stats.get("allocation.all.allocated", 0)) for _, stats in _used(_cuda()))


@contextlib.contextmanager
def limited(headroom: int) -> Iterator[int]:
    """Hold the allocator to ``headroom`` bytes above what it has reserved; lifted at the end.

    On each device in use. Yields the limit, over all of them. The request that crosses it fails as
    one that the device itself can't serve: with torch's own error, from where it really raises it.

    Raises:
        NoAllocator: there is none.
    """
    cuda = _cuda()
    cuda.synchronize()
    cuda.empty_cache()
    before: List[Tuple[int, float]] = []
    limit = 0
    try:
        for device, stats in _used(cuda):
            total = cuda.get_device_properties(device).total_memory
            share = min(1.0, (stats["reserved_bytes.all.current"] + headroom) / total)
            before.append((device, _share(cuda, device)))
            _set_share(cuda, device, min(share, before[-1][1]))
            limit += int(min(share, before[-1][1]) * total)
        yield limit
    finally:
        for device, share in before:
            _set_share(cuda, device, share)


def _cuda() -> Any:
    # Half of a torch may be there, if its import failed.
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    if cuda is None:
        raise NoAllocator("the workload hasn't imported torch")
    if not cuda.is_initialized():
        raise NoAllocator("its torch has no CUDA context")
    backend = getattr(cuda, "get_allocator_backend", lambda: "native")()
    if backend != "native":
        # CUDA's own pool counts no errors, and may need a context to be asked on each device.
        raise NoAllocator(f"its torch uses the allocator {backend}, which can't be asked")
    return cuda


def _used(cuda: Any) -> List[Tuple[int, Dict[str, Any]]]:
    """Each device on which the allocator has ever reserved anything, and what it says of it."""
    stats = [(device, cuda.memory_stats(device)) for device in range(cuda.device_count())]
    used = [(device, told) for device, told in stats if any(map(told.get, _RESERVED))]
    if not used:
        raise NoAllocator("its torch has reserved nothing on a GPU")
    return used


def _share(cuda: Any, device: int) -> float:
    # Older ones can't be asked: then it is taken not to have been set.
    ask = getattr(cuda, "get_per_process_memory_fraction", None)
    return 1.0 if ask is None else float(ask(device))


def _set_share(cuda: Any, device: int, share: float) -> None:
    """Set it, and stay on the current device: older versions make current the one it is set for."""
    current = cuda.current_device()
    try:
        cuda.set_per_process_memory_fraction(share, device)
    finally:
        if cuda.current_device() != current:
            cuda.set_device(current)
