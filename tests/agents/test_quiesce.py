"""What is given back before a reading, where torch has a CUDA context; torch is a stand-in."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from ops002.agents.worker.quiesce import quiesce


def test_the_cache_is_given_back(torch: Any) -> None:
    kept = torch.empty(64 << 20)
    del kept
    assert torch.cuda.memory_stats(0)["reserved_bytes.all.current"] == 64 << 20

    did, failed = quiesce()

    assert "torch.cuda.empty_cache" in did
    assert failed is None
    assert torch.cuda.memory_stats(0)["reserved_bytes.all.current"] == 0


def test_all_work_is_done_before(torch: Any) -> None:
    torch.empty(64 << 20)
    torch.cuda.poison()

    did, failed = quiesce()

    assert not any("torch" in step for step in did)
    assert failed is not None
    assert failed.startswith("torch.cuda.empty_cache failed: RuntimeError: CUDA error")
    assert torch.cuda.memory_stats(0)["reserved_bytes.all.current"] == 64 << 20


def test_no_context_is_made(torch: Any) -> None:
    did, failed = quiesce()
    assert not any("torch" in step for step in did)
    assert failed is None
    assert not torch.cuda.is_initialized()


@pytest.mark.parametrize("torch_there", [None, SimpleNamespace()])
def test_without_a_whole_torch_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch, torch_there: object
) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch_there)
    did, failed = quiesce()
    assert "torch.cuda.empty_cache" not in did
    assert failed is None
