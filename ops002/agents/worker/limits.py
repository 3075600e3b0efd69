"""The memory limit under which an inference really runs out of memory on a CPU."""

from __future__ import annotations

import contextlib
import resource
import sys
from typing import Iterator


@contextlib.contextmanager
def address_space(headroom: int) -> Iterator[int]:
    """Cap the address space ``headroom`` bytes above what is mapped now; lifted at the end.

    Yields the cap. The allocation that crosses it fails with ENOMEM in the allocator itself, so
    torch, numpy and Python each raise their own error from where they really raise it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _mapped() + headroom
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield limit
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _mapped() -> int:
    with open("/proc/self/statm", "rb") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def warm_thread_pools() -> None:
    """Have torch start its threads now.

    A pool that can't start one under the cap aborts the process, which would look like a crash of
    the workload.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        return
    torch.ones(1 << 20).add_(1).sum()  # the intra-op pool: its grain is 32,768 elements
    matrix = torch.ones(256, 256)
    torch.mm(matrix, matrix)  # the matrix library's own
