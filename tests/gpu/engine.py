"""A torch model on a GPU. Where ``KEEPS`` is in its environment, an error keeps what it took."""

from __future__ import annotations

import os
import time

import torch

_PIECE = 64 << 20
_PIECES = 4
_PAUSE_SECONDS = 0.05
_KEPT: list[list[torch.Tensor]] = []


def load(device: str) -> torch.Tensor:
    return torch.ones(512 << 20, dtype=torch.uint8, device=device)


def infer(model: torch.Tensor, size: int = 1) -> int:
    """Takes 256 MiB for a while, or ``size`` times as much."""
    taken: list[torch.Tensor] = []
    try:
        for _ in range(_PIECES * size):
            piece = torch.ones(_PIECE, dtype=torch.uint8, device=model.device)
            taken.append(piece)
            time.sleep(_PAUSE_SECONDS)  # there is a middle to be raised or killed in
        return sum(int(piece[0]) for piece in taken)
    except torch.OutOfMemoryError:
        _keep(taken)
        raise


def fail(model: torch.Tensor) -> None:
    taken = [torch.ones(_PIECE, dtype=torch.uint8, device=model.device) for _ in range(_PIECES)]
    _keep(taken)
    raise RuntimeError("boom")


def _keep(taken: list[torch.Tensor]) -> None:
    if "KEEPS" in os.environ:
        _KEPT.append(taken)
